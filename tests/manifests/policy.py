"""What every set of manifests must keep; each rule says which object breaks it and how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.manifests.objects import (
    SERVERS,
    Findings,
    Object,
    Pods,
    is_read_only,
    named,
    of_kind,
    pods_of,
    selects,
)
from tests.manifests.pod_rules import (
    images_are_bound,
    probes,
    resources,
    restricted,
    stops_gracefully,
)

Rule = Callable[[list[Object]], Findings]

LABEL = "app.kubernetes.io/"
# Namespaces of their own, because an image there needs what `restricted` forbids.
APART = {"crispml-db2", "crispml-node-exporter"}
_SECRET_NAME = re.compile(r"(PASSWORD|TOKEN|SECRET|API_KEY|CREDENTIAL)S?$")
_LOGIN_IN_URL = re.compile(r"://[^/\s:@]+:[^/\s@]+@")


def labelled(objects: list[Object]) -> Findings:
    """Recommended labels: whose it is, and for what is not made by a generator what it is."""
    for each in objects:
        labels = each["metadata"].get("labels", {})
        wanted = ["part-of", "managed-by"]
        if each["kind"] not in ("ConfigMap", "Namespace"):
            wanted += ["name", "component"]
        for name in wanted:
            if not labels.get(LABEL + name):
                yield f"{named(each)} has no label {LABEL}{name}"
    for pods in pods_of(objects):
        for name in ("name", "component", "part-of"):
            if not pods.labels.get(LABEL + name):
                yield f"the pods of {pods.name} have no label {LABEL}{name}"


def selectors_match(objects: list[Object]) -> Findings:
    """Who selects something finds it, by labels that never change."""
    all_pods = pods_of(objects)
    for pods in all_pods:
        if pods.kind not in SERVERS:
            continue
        selector = pods.owner["spec"]["selector"]
        if not selects(selector, pods.labels):
            yield f"{pods.name} does not select its own pods"
        if set(selector["matchLabels"]) != {f"{LABEL}name", f"{LABEL}component"}:
            yield f"{pods.name} selects by labels that may have to change"
    for service in of_kind(objects, "Service"):
        found = [
            p for p in all_pods if selects({"matchLabels": service["spec"]["selector"]}, p.labels)
        ]
        if len(found) != 1:
            yield f"{named(service)} selects the pods of {len(found)} workloads"
        for port in service["spec"]["ports"]:
            if not all(port["targetPort"] in pods.ports() for pods in found):
                yield f"{named(service)} sends to a port {port['targetPort']} that nobody has"
    for each in of_kind(objects, "PodDisruptionBudget", "NetworkPolicy"):
        selector = each["spec"].get("selector", each["spec"].get("podSelector"))
        if not any(selects(selector, pods.labels) for pods in all_pods):
            yield f"{named(each)} selects no pod"
    services = list(of_kind(objects, "Service"))
    for monitor in of_kind(objects, "ServiceMonitor"):
        watched = [
            service
            for service in services
            if selects(monitor["spec"]["selector"], service["metadata"].get("labels", {}))
        ]
        if not watched:
            yield f"{named(monitor)} selects no service"
        for endpoint in monitor["spec"]["endpoints"]:
            for service in watched:
                if endpoint["port"] not in {port["name"] for port in service["spec"]["ports"]}:
                    yield f"{named(monitor)} asks {named(service)} at a port that it has not"
    for ingress in of_kind(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                target = path["backend"]["service"]
                ports = {
                    port["name"]
                    for service in services
                    if service["metadata"]["name"] == target["name"]
                    for port in service["spec"]["ports"]
                }
                if target["port"]["name"] not in ports:
                    yield f"{named(ingress)} sends to {target['name']}, which is not there"


def references_exist(objects: list[Object]) -> Findings:
    """What pods name is there, except Secrets, which nobody writes into manifests."""
    there = {(each["kind"], each["metadata"]["name"]) for each in objects}
    for pods in pods_of(objects):
        for kind, name in _named_by(pods):
            if (kind, name) not in there:
                yield f"{pods.name} names the {kind} {name}, which is not there"
        made = {*pods.volumes(), *pods.claims()}
        for container in pods.containers():
            for mount in container.get("volumeMounts", ()):
                if mount["name"] not in made:
                    yield f"{pods.name} mounts {mount['name']}, which is no volume"
        for name in pods.volumes():
            if not any(
                name == mount["name"]
                for container in pods.containers()
                for mount in container.get("volumeMounts", ())
            ):
                yield f"{pods.name} has the volume {name}, which nobody mounts"


def _named_by(pods: Pods) -> Iterator[tuple[str, str]]:
    yield "ServiceAccount", pods.spec.get("serviceAccountName", "default")
    for volume in pods.volumes().values():
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        for source in [volume, *volume.get("projected", {}).get("sources", ())]:
            if "configMap" in source:
                yield "ConfigMap", source["configMap"]["name"]
    for container in pods.containers():
        for source in container.get("envFrom", ()):
            if "configMapRef" in source:
                yield "ConfigMap", source["configMapRef"]["name"]


def namespaces_enforce(objects: list[Object]) -> Findings:
    """A namespace enforces `restricted`, unless it is one of those that are apart for that."""
    spaces = list(of_kind(objects, "Namespace"))
    if len(spaces) != 1:
        yield f"there are {len(spaces)} namespaces"
    for space in spaces:
        name = space["metadata"]["name"]
        level = space["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        if level != ("privileged" if name in APART else "restricted"):
            yield f"{named(space)} enforces {level}"
        for each in objects:
            if each["kind"] != "Namespace" and each["metadata"].get("namespace") != name:
                yield f"{named(each)} is not in the namespace {name}"


def accounts_have_no_token(objects: list[Object]) -> Findings:
    """Nothing here talks to Kubernetes, and each workload has an account of its own."""
    users: dict[str, str] = {}
    for account in of_kind(objects, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"{named(account)} has a token"
    for pods in pods_of(objects):
        if pods.spec.get("automountServiceAccountToken") is not False:
            yield f"the pods of {pods.name} have a token"
        # Variables such as CRISPML_TRAINING_PORT would be refused as unknown settings.
        if pods.spec.get("enableServiceLinks") is not False:
            yield f"the pods of {pods.name} get variables of services"
        account = pods.spec.get("serviceAccountName", "default")
        if account in users:
            yield f"{pods.name} and {users[account]} share an account"
        users[account] = pods.name


def no_secret_literals(objects: list[Object]) -> Findings:
    """Secrets are referred to, never written."""
    for each in of_kind(objects, "Secret"):
        yield f"{named(each)} is written into the manifests"
    values = [
        (named(each), name, str(value))
        for each in of_kind(objects, "ConfigMap")
        for name, value in each.get("data", {}).items()
    ]
    for pods in pods_of(objects):
        for container in pods.containers():
            for variable in container.get("env", ()):
                if "value" in variable:
                    values.append((pods.name, variable["name"], variable["value"]))
            for word in [*container.get("command", ()), *container.get("args", ())]:
                values.append((pods.name, "its command", word))
    for where, name, value in values:
        if _SECRET_NAME.search(name) and value:
            yield f"{where} has a value for {name}"
        if _LOGIN_IN_URL.search(value) or "PRIVATE KEY" in value:
            yield f"{where} has a login or a key in {name}"


def key_files_are_readable(objects: list[Object]) -> Findings:
    """A service refuses key files that others may read; its group must be able to."""
    for pods in pods_of(objects):
        for volume in pods.volumes().values():
            secret = volume.get("secret", {})
            if secret.get("secretName") not in (
                "crispml-signing",
                "crispml-privacy",
                "crispml-dask",
            ):
                continue
            if secret.get("defaultMode") != 0o440:
                yield f"{pods.name}: {volume['name']} has a mode that the service refuses"
            context = pods.spec.get("securityContext", {})
            # OpenShift sets both.
            if ("runAsUser" in context) != ("fsGroup" in context):
                yield f"{pods.name}: root owns {volume['name']}, and no group may read it"


def volumes(objects: list[Object]) -> Findings:
    """Training writes the registry and scoring only reads it; what several pods have is shared."""
    claims = {
        claim["metadata"]["name"]: claim for claim in of_kind(objects, "PersistentVolumeClaim")
    }
    for pods in pods_of(objects):
        for name, volume in pods.volumes().items():
            claim = volume.get("persistentVolumeClaim")
            if claim is None or claim["claimName"] != "crispml-registry":
                continue
            reads = claim.get("readOnly") is True and is_read_only(pods, name)
            writes = not claim.get("readOnly") and not is_read_only(pods, name)
            if pods.component == "scoring" and not reads:
                yield f"{pods.name} may write to the registry"
            if pods.component == "training" and not writes:
                yield f"{pods.name} cannot write to the registry"
            # A worker leaves there what it made of a part.
            if pods.component not in ("scoring", "training", "dask-worker"):
                yield f"{pods.name} has the registry"
        for name, claim in pods.claims().items():
            if f"{LABEL}version" in claim["metadata"].get("labels", {}):
                yield f"{pods.name}: the claim {name} would change with each version"
    if (registry := claims.get("crispml-registry")) is not None:
        modes = {tuple(claim["spec"]["accessModes"]) for claim in claims.values()}
        # Where the storage knows ReadWriteOnce only, all of them are on one node.
        shared = {
            tuple(c["spec"]["accessModes"]) for n, c in claims.items() if n != "crispml-database"
        }
        if shared - {("ReadWriteMany",)} and modes != {("ReadWriteOnce",)}:
            yield f"{named(registry)}: some volumes are shared and some are not"


def rolls_without_a_gap(objects: list[Object]) -> Findings:
    """Scoring pods are exchanged one after the other, and a node is emptied in the same way."""
    for pods in pods_of(objects):
        if pods.component != "scoring":
            continue
        spec = pods.owner["spec"]
        if pods.kind == "Deployment":
            if spec["strategy"].get("rollingUpdate") != {"maxSurge": 1, "maxUnavailable": 0}:
                yield f"{pods.name} has fewer pods than before while it rolls"
            if "work" in pods.volumes() and "persistentVolumeClaim" not in pods.volumes()["work"]:
                yield f"{pods.name} loses its journals"
        elif "work" not in pods.claims():
            yield f"{pods.name} loses its journals"
        spread = {each["topologyKey"] for each in pods.spec.get("topologySpreadConstraints", ())}
        if "kubernetes.io/hostname" not in spread:
            yield f"{pods.name} may have all of its pods on one node"
        budgets = [
            budget
            for budget in of_kind(objects, "PodDisruptionBudget")
            if selects(budget["spec"]["selector"], pods.labels)
        ]
        if len(budgets) != 1:
            yield f"{pods.name} has {len(budgets)} disruption budgets"
        for budget in budgets:
            if budget["spec"].get("maxUnavailable") in (None, 0, "0%"):
                yield f"{named(budget)} keeps a node from being emptied"
            if budget["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
                yield f"{named(budget)} keeps a node from being emptied while a pod is not ready"


def scales(objects: list[Object]) -> Findings:
    """The autoscaler finds what it scales, and nobody sets its number back."""
    workloads = {named(pods.owner): pods for pods in pods_of(objects)}
    scaled = set()
    for scaler in of_kind(objects, "HorizontalPodAutoscaler"):
        target = scaler["spec"]["scaleTargetRef"]
        name = f"{target['kind']} {target['name']}"
        scaled.add(name)
        if name not in workloads:
            yield f"{named(scaler)} scales {name}, which is not there"
        elif "replicas" in workloads[name].owner["spec"]:
            yield f"{name} has a number of pods, and {named(scaler)} another"
    for name, pods in workloads.items():
        counted = pods.kind in ("Deployment", "StatefulSet") and name not in scaled
        if counted and "replicas" not in pods.owner["spec"]:
            yield f"{name} says no number of pods"


def jobs_end(objects: list[Object]) -> Findings:
    """A job does not run for ever, and does not stay for ever."""
    for each in of_kind(objects, "Job", "CronJob"):
        spec = each["spec"] if each["kind"] == "Job" else each["spec"]["jobTemplate"]["spec"]
        for field in ("activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"):
            if field not in spec:
                yield f"{named(each)} has no {field}"
        if each["kind"] == "CronJob" and each["spec"].get("concurrencyPolicy") != "Forbid":
            yield f"{named(each)} may run twice at once"


def fits_into_etcd(objects: list[Object]) -> Findings:
    """An object may have a mebibyte and a half, a ConfigMap one."""
    for each in of_kind(objects, "ConfigMap"):
        size = sum(len(str(value).encode()) for value in each.get("data", {}).values())
        if size > 1024**2:
            yield f"{named(each)} is too large: {size} bytes"


RULES: tuple[Rule, ...] = (
    labelled,
    selectors_match,
    references_exist,
    images_are_bound,
    probes,
    stops_gracefully,
    resources,
    restricted,
    namespaces_enforce,
    accounts_have_no_token,
    no_secret_literals,
    key_files_are_readable,
    volumes,
    rolls_without_a_gap,
    scales,
    jobs_end,
    fits_into_etcd,
)


def findings(objects: list[Object]) -> list[str]:
    """Return what is wrong with a set of objects."""
    return [finding for rule in RULES for finding in rule(objects)]
