"""What pods must keep: images, probes, an orderly end, bounds, and no needless rights."""

from __future__ import annotations

from tests.manifests.objects import SERVERS, Findings, Object, is_read_only, of_kind, pods_of

_STEPS_OF_THE_END = ("SERVER__STOP_DELAY_S", "SERVER__SHUTDOWN_S", "JOURNAL__DRAIN_S")
_ENDPOINTS_S, _MARGIN_S = 5, 10


def images_are_bound(objects: list[Object]) -> Findings:
    """Each image has a version or a digest, and none is `latest`."""
    for pods in pods_of(objects):
        for container in pods.containers():
            image = container["image"]
            tag = image.rpartition("/")[2].partition(":")[2]
            if "@sha256:" not in image and tag in ("", "latest"):
                yield f"{pods.name}: the image {image} is whatever there is"


def probes(objects: list[Object]) -> Findings:
    """What runs for good is asked whether it has started, is alive and is ready."""
    asked = {"startupProbe": "/startupz", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    for pods in pods_of(objects):
        if pods.kind not in SERVERS:
            continue
        for container in pods.spec["containers"]:
            for probe, path in asked.items():
                if probe not in container and not (
                    probe == "startupProbe" and pods.kind == "DaemonSet"
                ):
                    yield f"{pods.name}: {container['name']} has no {probe}"
                elif (
                    pods.component in ("training", "scoring")
                    and container[probe].get("httpGet", {}).get("path") != path
                ):
                    yield f"{pods.name}: {probe} does not ask {path}"
        for container in pods.spec.get("initContainers", ()):
            if container.get("restartPolicy") == "Always" and "livenessProbe" not in container:
                yield f"{pods.name}: {container['name']} has no livenessProbe"
        ports = pods.ports()
        for container in pods.containers():
            for probe in asked:
                target = container.get(probe, {})
                port = target.get("httpGet", target.get("tcpSocket", {})).get("port")
                if isinstance(port, str) and port not in ports:
                    yield f"{pods.name}: {probe} asks a port {port} that it has not"


def stops_gracefully(objects: list[Object]) -> Findings:
    """There is time until endpoints are told, for open requests, and for the journal."""
    for pods in pods_of(objects):
        if pods.component not in ("training", "scoring"):
            continue
        (service,) = (c for c in pods.spec["containers"] if c["name"] == pods.component)
        told = {each["name"]: each.get("value", "") for each in service["env"]}
        settings = {**settings_of(objects), **told}
        steps = [float(settings.get(f"CRISPML_{name}", 0)) for name in _STEPS_OF_THE_END]
        if steps[0] < _ENDPOINTS_S:
            yield f"{pods.name} stops while requests still come"
        needed = sum(steps) + _MARGIN_S
        if pods.spec.get("terminationGracePeriodSeconds", 30) < needed:
            yield f"{pods.name} is killed before it has stopped: that may take {needed:g} s"


def settings_of(objects: list[Object]) -> dict[str, str]:
    """Return what the ConfigMap of the settings says."""
    found: dict[str, str] = {}
    for each in of_kind(objects, "ConfigMap"):
        if each["metadata"]["name"].startswith("crispml-settings-"):
            found.update(each["data"])
    return found


def resources(objects: list[Object]) -> Findings:
    """Each container says how much it needs and takes; what is in memory or /tmp has an end."""
    for pods in pods_of(objects):
        for container in pods.containers():
            for side in ("requests", "limits"):
                for what in ("cpu", "memory"):
                    if what not in container.get("resources", {}).get(side, {}):
                        yield f"{pods.name}: {container['name']} has no {side} of {what}"
        for volume in pods.volumes().values():
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{pods.name}: the volume {volume['name']} may grow without end"


def restricted(objects: list[Object]) -> Findings:
    """The level `restricted` of pod security, numeric users and read-only roots besides."""
    for pods in pods_of(objects):
        own = pods.spec.get("securityContext", {})
        for container in pods.containers():
            who, context = f"{pods.name}: {container['name']}", container.get("securityContext", {})
            if pods.namespace == "crispml-db2":
                continue
            merged = {**own, **context}
            if merged.get("runAsNonRoot") is not True:
                yield f"{who} may run as root"
            if merged.get("runAsUser") == 0:
                yield f"{who} runs as root"
            if merged.get("seccompProfile", {}).get("type") != "RuntimeDefault":
                yield f"{who} has no seccomp profile"
            if context.get("allowPrivilegeEscalation") is not False or context.get("privileged"):
                yield f"{who} may get more rights"
            if context.get("capabilities", {}) != {"drop": ["ALL"]}:
                yield f"{who} has capabilities"
            if context.get("readOnlyRootFilesystem") is not True:
                yield f"{who} may write to its image"
            for port in container.get("ports", ()):
                if "hostPort" in port:
                    yield f"{who} takes a port of the node"
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if pods.spec.get(field):
                yield f"{pods.name} shares {field} with the node"
        allowed = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
        if pods.namespace == "crispml-node-exporter":
            allowed = allowed | {"hostPath"}
        for volume in pods.volumes().values():
            if not set(volume) - {"name"} <= allowed:
                yield f"{pods.name}: the volume {volume['name']} is of a kind that is forbidden"
            if "hostPath" in volume and not is_read_only(pods, volume["name"]):
                yield f"{pods.name} may write to the node"
