"""Who may talk to whom, as the NetworkPolicies of a set of objects say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

from tests.manifests.objects import Object, Pods, named, of_kind, pods_of, selects


@dataclass(frozen=True)
class Peer:
    """One end: a pod of the namespace, one of another, or an address outside."""

    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] | None = None  # labels of another namespace
    address: str = ""
    pods: Pods | None = None

    @classmethod
    def of(cls, pods: Pods) -> Peer:
        """Return the pods of a workload as a peer."""
        return cls(labels=pods.labels, pods=pods)


class Network:
    """The policies of one namespace."""

    def __init__(self, objects: list[Object]) -> None:
        self._policies = list(of_kind(objects, "NetworkPolicy"))
        space = next(of_kind(objects, "Namespace"))
        self._own = {
            **space["metadata"].get("labels", {}),
            "kubernetes.io/metadata.name": space["metadata"]["name"],
        }

    def leaves(self, pod: Peer, to: Peer, port: int, protocol: str = "TCP") -> bool:
        """Return whether a pod of this namespace may talk to somebody."""
        return self._permits("Egress", pod, to, port, protocol, to.pods)

    def enters(self, pod: Peer, source: Peer, port: int) -> bool:
        """Return whether somebody may talk to a pod of this namespace."""
        return self._permits("Ingress", pod, source, port, "TCP", pod.pods)

    def connects(self, source: Peer, target: Peer, port: int) -> bool:
        """Return whether one pod of this namespace may talk to another: both have to agree."""
        return self.leaves(source, target, port) and self.enters(target, source, port)

    def is_closed(self, pods: Pods) -> bool:
        """Return whether nothing goes in or out of these pods without being named."""
        return all(
            any(
                direction in policy["spec"]["policyTypes"]
                and not policy["spec"].get(direction.lower())
                and selects(policy["spec"]["podSelector"], pods.labels)
                for policy in self._policies
            )
            for direction in ("Ingress", "Egress")
        )

    def _permits(
        self, direction: str, pod: Peer, other: Peer, port: int, protocol: str, server: Pods | None
    ) -> bool:
        side = "from" if direction == "Ingress" else "to"
        for policy in self._policies:
            spec = policy["spec"]
            if direction not in spec["policyTypes"] or not selects(spec["podSelector"], pod.labels):
                continue
            for rule in spec.get(direction.lower(), ()):
                if self._names(rule.get(side), other) and _opens(rule, port, protocol, server):
                    return True
        return False

    def _names(self, peers: list[Object] | None, other: Peer) -> bool:
        if not peers:
            return peers is None
        return any(self._is(peer, other) for peer in peers)

    def _is(self, peer: Object, other: Peer) -> bool:
        if "ipBlock" in peer:
            if not other.address:
                return False
            address, block = ip_address(other.address), peer["ipBlock"]
            return address in ip_network(block["cidr"]) and not any(
                address in ip_network(but) for but in block.get("except", ())
            )
        if other.address:
            return False
        if "namespaceSelector" in peer:
            space = self._own if other.namespace is None else other.namespace
            if not selects(peer["namespaceSelector"], space):
                return False
        elif other.namespace is not None:
            return False
        return selects(peer.get("podSelector", {}), other.labels)


def _opens(rule: Object, port: int, protocol: str, server: Pods | None) -> bool:
    if "ports" not in rule:
        return True
    for each in rule["ports"]:
        number = each["port"]
        if isinstance(number, str):
            number = server.ports().get(number) if server is not None else None
        if number == port and each.get("protocol", "TCP") == protocol:
            return True
    return False


def by_component(objects: list[Object]) -> dict[str, Peer]:
    """Return the pods of a set of objects by what they are."""
    return {pods.component: Peer.of(pods) for pods in pods_of(objects)}


def open_pods(objects: list[Object]) -> Iterator[str]:
    """Return the workloads whose pods no policy closes."""
    network = Network(objects)
    return (named(pods.owner) for pods in pods_of(objects) if not network.is_closed(pods))


# What is not in the namespace.
DNS = Peer(labels={"k8s-app": "kube-dns"}, namespace={"kubernetes.io/metadata.name": "kube-system"})
PROMETHEUS = Peer(namespace={"crispml.com/monitoring": "true"})
CLIENT = Peer(namespace={"crispml.com/client": "true"})
INGRESS = Peer(namespace={"crispml.com/ingress": "true"})
OPENSHIFT_INGRESS = Peer(namespace={"policy-group.network.openshift.io/ingress": ""})
OPENSHIFT_DNS = Peer(
    labels={"dns.operator.openshift.io/daemonset-dns": "default"},
    namespace={"kubernetes.io/metadata.name": "openshift-dns"},
)
STRANGER = Peer(namespace={"kubernetes.io/metadata.name": "somebody"})
INTERNET = Peer(address="203.0.113.7")
METADATA = Peer(address="169.254.169.254")
PRIVATE = Peer(address="10.20.30.40")
DB2 = Peer(
    labels={"app.kubernetes.io/component": "db2"},
    namespace={"kubernetes.io/metadata.name": "crispml-db2"},
)
