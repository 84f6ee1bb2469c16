"""Kubia is the tutorials' web application. Its outputs have commands by which to write a text and read it back."""

from __future__ import annotations

from pathlib import Path

from tests.support.golden import assert_golden
from tests.unit.components.goldens import of_kind
from tests.unit.components.programs import deployed, kubia

DYNAMIC = {"kind": "dynamic"}


def test_all_that_it_registers_is_what_is_checked_in() -> None:
    recorded = deployed("kubia", kubia(storage=DYNAMIC, clients="namespace", clientService=True))
    assert_golden(Path(__file__).with_name("golden.yaml"), of_kind(recorded))


def test_what_is_not_said_is_as_in_the_tutorial() -> None:
    recorded = deployed("kubia", {"kind": "kubia"}, google="acme")
    the_set = recorded.one("StatefulSet").inputs["spec"]
    assert the_set["replicas"] == 2
    assert the_set["template"]["spec"]["containers"][0]["image"] == "luksa/kubia-pet"
    assert [disk.inputs["name"] for disk in recorded.of_type("Disk")] == ["pv-a", "pv-b", "pv-c"]
    assert the_set["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] == "1Mi"


def test_commands_lead_to_the_first_pod() -> None:
    outputs = deployed("kubia", kubia(storage=DYNAMIC, ordinals={"start": 2})).stack_outputs
    proxy = "/api/v1/namespaces/shop/pods/kubia-2:8080/proxy/"
    assert outputs["write"] == f"echo -n hello | kubectl create --raw {proxy} -f -"
    assert outputs["read"] == f"kubectl get --raw {proxy}"
