"""Stack files with mistakes in names, kinds or targets, each with the lines that refuse it."""

from __future__ import annotations

from tests.unit.components.config.refusals import refused
from tests.unit.components.programs import kubia, target

REFUSED = (
    refused(
        "no workloads at all",
        {},
        "statefulsets:workloads: {} is not a map with at least one key; write its keys below it, indented",
    ),
    refused(
        "workloads that are a list",
        [],
        "statefulsets:workloads: [] is not a map with at least one key; write its keys below it, indented",
    ),
    refused("a workload that is a list", {"kubia": [1]}, "kubia: [1] is not a map; write its keys below it, indented"),
    refused("a workload without a kind", {"kubia": {"replicas": 2}}, "kubia.kind: missing; say which kind it is"),
    refused(
        "a kind that is misspelt",
        {"kubia": {"kind": "kubai"}},
        'kubia.kind: "kubai" is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful; did you mean'
        " kubia?",
    ),
    refused(
        "a kind that nobody knows",
        {"kubia": {"kind": "postgres"}},
        'kubia.kind: "postgres" is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful',
    ),
    refused(
        "a kind that is a number",
        {"kubia": {"kind": 7}},
        "kubia.kind: 7 is no kind there is; write kubia, nginx, mysql, cloud-sql or stateful",
    ),
    refused(
        "a name with capitals",
        {"Kubia": kubia()},
        "Kubia: \"Kubia\" is not a DNS-1035 label; write lower-case letters, digits and '-', a letter first and no"
        " '-' last",
    ),
    refused(
        "a name that starts with a digit",
        {"0kubia": kubia()},
        "0kubia: \"0kubia\" is not a DNS-1035 label; write lower-case letters, digits and '-', a letter first and"
        " no '-' last",
    ),
    refused(
        "a name with a dot",
        {"ku.bia": kubia()},
        'statefulsets:workloads["ku.bia"]: "ku.bia" is not a DNS-1035 label; write lower-case letters, digits and'
        " '-', a letter first and no '-' last",
    ),
    refused(
        "a name that ends with a hyphen",
        {"kubia-": kubia()},
        "kubia-: \"kubia-\" is not a DNS-1035 label; write lower-case letters, digits and '-', a letter first and"
        " no '-' last",
    ),
    refused(
        "an empty name",
        {"": kubia()},
        'statefulsets:workloads[""]: "" is not a DNS-1035 label; write lower-case letters, digits and \'-\', a'
        " letter first and no '-' last",
    ),
    refused(
        "a name too long for the pods' labels",
        {"k" * 53: kubia()},
        "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk: 53 characters, and the pods' label"
        " controller-revision-hash adds 11 to a limit of 63; write at most 52",
    ),
    refused(
        "a target without a cluster",
        kubia(),
        "statefulsets:target: neither context nor kubeconfig; name the cluster, so that the stack cannot land on"
        " another",
        target=target(context=None),
    ),
    refused(
        "a target with an empty context",
        kubia(),
        'statefulsets:target.context: "" is empty; write a text or leave the key out',
        target=target(context=""),
    ),
    refused(
        "a target with an unknown key",
        kubia(),
        "statefulsets:target.contxt: unknown key; did you mean context?",
        target=target(contxt="x"),
    ),
    refused(
        "a version without quotes",
        kubia(),
        "statefulsets:target.kubernetesVersion: 1.34 is not a text; write it in quotes",
        target=target(kubernetesVersion=1.34),
    ),
    refused(
        "a version with a patch level",
        kubia(),
        "statefulsets:target.kubernetesVersion: \"1.34.2\" is not a minor version; write one in quotes, such as '1.34'",
        target=target(kubernetesVersion="1.34.2"),
    ),
    refused(
        "a version too old",
        kubia(),
        'statefulsets:target.kubernetesVersion: "1.24" is too old for what is made here; 1.25 is the oldest that works',
        target=target(kubernetesVersion="1.24"),
    ),
    refused(
        "a namespace with capitals",
        kubia(),
        'statefulsets:target.namespace: "Shop" is not a DNS-1123 label; write lower-case letters, digits and'
        " '-', with a letter or digit at both ends",
        target=target(namespace="Shop"),
    ),
    refused(
        "a namespace too long",
        kubia(),
        'statefulsets:target.namespace: "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn... is too long;'
        " write at most 63 characters",
        target=target(namespace="n" * 64),
    ),
    refused(
        "a zone that is a region",
        kubia(),
        'statefulsets:target.zones[0]: "europe-west1" is no zone; write one such as europe-west1-b',
        target=target(zones=["europe-west1"]),
    ),
    refused(
        "zones that are one text",
        kubia(),
        'statefulsets:target.zones: "europe-west1-b" is not a list; write one item a line, each after a dash',
        target=target(zones="europe-west1-b"),
    ),
)
