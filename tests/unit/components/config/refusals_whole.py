"""Stack files that are refused for names, kinds and targets: each with exactly what is said."""

from __future__ import annotations

from typing import Any

from tests.unit.components.programs import (
    TARGET,
    kubia,
    target,
)

W = "statefulsets:workloads."
OK = {"kubia": kubia()}

Cases = dict[str, tuple[Any, Any, list[str]]]

REFUSED: Cases = {
    "no workloads at all": (
        {},
        TARGET,
        [("statefulsets:workloads: {} is not a map with at least one key; write its keys below it, indented")],
    ),
    "workloads that are a list": (
        [],
        TARGET,
        [("statefulsets:workloads: [] is not a map with at least one key; write its keys below it, indented")],
    ),
    "a workload that is a list": (
        {"kubia": [1]},
        TARGET,
        [W + "kubia: [1] is not a map; write its keys below it, indented"],
    ),
    "a workload without a kind": (
        {"kubia": {"replicas": 2}},
        TARGET,
        [W + "kubia.kind: missing; say which kind it is"],
    ),
    "a kind that is misspelt": (
        {"kubia": {"kind": "kubai"}},
        TARGET,
        [
            W
            + (
                'kubia.kind: "kubai" is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful;'
                " did you mean kubia?"
            )
        ],
    ),
    "a kind that nobody knows": (
        {"kubia": {"kind": "postgres"}},
        TARGET,
        [W + 'kubia.kind: "postgres" is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful'],
    ),
    "a kind that is a number": (
        {"kubia": {"kind": 7}},
        TARGET,
        [W + "kubia.kind: 7 is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful"],
    ),
    "a name with capitals": (
        {"Kubia": kubia()},
        TARGET,
        [
            W
            + (
                "Kubia: \"Kubia\" is not a DNS-1035 label; write lower-case letters, digits and '-', a "
                "letter first and no '-' last"
            )
        ],
    ),
    "a name that starts with a digit": (
        {"0kubia": kubia()},
        TARGET,
        [
            W
            + (
                "0kubia: \"0kubia\" is not a DNS-1035 label; write lower-case letters, digits and '-', a "
                "letter first and no '-' last"
            )
        ],
    ),
    "a name with a dot": (
        {"ku.bia": kubia()},
        TARGET,
        [
            (
                'statefulsets:workloads["ku.bia"]: "ku.bia" is not a DNS-1035 label; write lower-case '
                "letters, digits and '-', a letter first and no '-' last"
            )
        ],
    ),
    "a name that ends with a hyphen": (
        {"kubia-": kubia()},
        TARGET,
        [
            W
            + (
                "kubia-: \"kubia-\" is not a DNS-1035 label; write lower-case letters, digits and '-', a "
                "letter first and no '-' last"
            )
        ],
    ),
    "an empty name": (
        {"": kubia()},
        TARGET,
        [
            (
                'statefulsets:workloads[""]: "" is not a DNS-1035 label; write lower-case letters, digits'
                " and '-', a letter first and no '-' last"
            )
        ],
    ),
    "a name too long for the pods' labels": (
        {"k" * 53: kubia()},
        TARGET,
        [
            W
            + (
                "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 53 characters, and the pods' "
                "label controller-revision-hash adds 11 to a limit of 63; write at most 52"
            )
        ],
    ),
    "a target without a cluster": (
        OK,
        target(context=None),
        [
            (
                "statefulsets:target: neither context nor kubeconfig; name the cluster, so that the stack"
                " cannot land on another"
            )
        ],
    ),
    "a target with an empty context": (
        OK,
        target(context=""),
        ['statefulsets:target.context: "" is empty; write a text or leave the key out'],
    ),
    "a target with an unknown key": (
        OK,
        target(contxt="x"),
        ["statefulsets:target.contxt: unknown key; did you mean context?"],
    ),
    "a version without quotes": (
        OK,
        target(kubernetesVersion=1.34),
        ["statefulsets:target.kubernetesVersion: 1.34 is not a text; write it in quotes"],
    ),
    "a version with a patch level": (
        OK,
        target(kubernetesVersion="1.34.2"),
        [
            (
                'statefulsets:target.kubernetesVersion: "1.34.2" is not a minor version; write one in '
                "quotes, such as '1.34'"
            )
        ],
    ),
    "a version too old": (
        OK,
        target(kubernetesVersion="1.24"),
        [
            (
                'statefulsets:target.kubernetesVersion: "1.24" is too old for what is made here; 1.25 is '
                "the oldest that works"
            )
        ],
    ),
    "a namespace with capitals": (
        OK,
        target(namespace="Shop"),
        [
            (
                'statefulsets:target.namespace: "Shop" is not a DNS-1123 label; write lower-case letters,'
                " digits and '-', with a letter or digit at both ends"
            )
        ],
    ),
    "a namespace too long": (
        OK,
        target(namespace="n" * 64),
        [
            (
                "statefulsets:target.namespace: "
                '"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn... is too long; write at most '
                "63 characters"
            )
        ],
    ),
    "a zone that is a region": (
        OK,
        target(zones=["europe-west1"]),
        [('statefulsets:target.zones[0]: "europe-west1" is no zone; write one such as europe-west1-b')],
    ),
    "zones that are one text": (
        OK,
        target(zones="europe-west1-b"),
        [('statefulsets:target.zones: "europe-west1-b" is not a list; write one item a line, each after a dash')],
    ),
}
