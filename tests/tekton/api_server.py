"""The part of a Kubernetes API server that `kubectl` needs to apply, read, wait and delete.

It keeps what is applied, allows only what the roles of an account allow, and lets pods become what
a test says they become.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.loopback import Handler, Loopback

KINDS = {
    ("", "v1"): {
        "ConfigMap": "configmaps",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Pod": "pods",
        "Secret": "secrets",
    },
    ("apps", "v1"): {
        "Deployment": "deployments",
        "ReplicaSet": "replicasets",
        "StatefulSet": "statefulsets",
    },
    ("batch", "v1"): {"Job": "jobs", "CronJob": "cronjobs"},
    ("networking.k8s.io", "v1"): {"NetworkPolicy": "networkpolicies"},
    ("policy", "v1"): {"PodDisruptionBudget": "poddisruptionbudgets"},
    ("tekton.dev", "v1"): {"PipelineRun": "pipelineruns"},
}
Object = dict[str, Any]
May = Callable[[str, str, str], bool]


class ApiServer(Loopback):
    """The server; it ends with the block.

    Parameters
    ----------
    may : callable
        Whether a verb is allowed for a resource in a namespace.
    becomes : callable
        Gets each object that was applied and gives it its status.
    """

    def __init__(self, may: May, becomes: Callable[[Object], None]) -> None:
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.asked: list[tuple[str, str]] = []
        self.log_of: Callable[[str], str] = lambda pod: ""
        self._may, self._becomes, self._version = may, becomes, 0
        self._lock = threading.Lock()
        super().__init__(self._handler())

    def kubeconfig(self, file: Path) -> Path:
        """Write how to reach it."""
        named = [("clusters", "cluster", {"server": self.url}), ("users", "user", {})]
        content: Object = {part: [{"name": "test", one: value}] for part, one, value in named} | {
            "apiVersion": "v1",
            "kind": "Config",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        file.write_text(yaml.safe_dump(content))
        file.chmod(0o644)
        return file

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        return self.objects.get((resource, namespace, name))

    def _handler(self) -> type[Handler]:
        server = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                size = int(self.headers.get("Content-Length", 0))
                body = yaml.safe_load(self.rfile.read(size)) if size else None
                is_merge = "merge-patch" in self.headers.get("Content-Type", "")
                with server._lock:
                    status, answer = server.answer(self.command, self.path, body, is_merge)
                is_text = isinstance(answer, str)
                content = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/plain" if is_text else "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def __getattr__(self, name: str) -> Callable[[], None]:
                if name in ("do_GET", "do_POST", "do_PATCH", "do_DELETE"):
                    return self._serve
                raise AttributeError(name)

        return Answering

    def answer(
        self, method: str, address: str, body: Any, is_merge: bool = False
    ) -> tuple[int, Object | str]:
        """Return status and body of one request; with `is_merge` only some fields change."""
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        path = [part for part in parts.path.split("/") if part]
        self.asked.append((method, parts.path))
        if found := self._discovery(path):
            return 200, found
        group, version, rest = (
            ("", path[1], path[2:]) if path[0] == "api" else (path[1], path[2], path[3:])
        )
        if len(rest) < 3 or rest[0] != "namespaces":
            return _failure(404, "NotFound")
        namespace, resource, name = rest[1], rest[2], rest[3] if len(rest) > 3 else ""
        kind = next(kind for kind, plural in KINDS[group, version].items() if plural == resource)
        if rest[4:] == ["log"]:
            if not self._may("get", "pods/log", namespace):
                return _failure(403, "Forbidden", f"may not get pods/log in {namespace}")
            return 200, self.log_of(name)
        verb = {
            "GET": "get" if name else "list",
            "POST": "create",
            "PATCH": "patch",
            "DELETE": "delete",
        }[method]
        if query.get("watch"):
            verb = "watch"
        if not self._may(verb, resource, namespace):
            return _failure(403, "Forbidden", f"may not {verb} {resource} in {namespace}")
        key = (resource, namespace, name)
        if verb in ("list", "watch"):
            items = self._chosen(resource, namespace, query)
            type_meta = {"apiVersion": f"{group}/{version}".lstrip("/"), "kind": f"{kind}List"}
            return 200, {
                **type_meta,
                "metadata": {"resourceVersion": str(self._version)},
                "items": items,
            }
        if verb in ("get", "delete") and key not in self.objects:
            return _failure(404, "NotFound", f'{resource} "{name}" not found')
        if verb == "get":
            return 200, self.objects[key]
        if verb == "delete":
            return 200, self.objects.pop(key)
        new = verb == "patch" and key not in self.objects
        if new and not self._may("create", resource, namespace):
            return _failure(403, "Forbidden", f"may not create {resource} in {namespace}")
        if is_merge:
            body = _merged(self.objects[key], body)
        return (201 if verb == "create" else 200), self._keep(resource, namespace, body)

    def _keep(self, resource: str, namespace: str, body: Object) -> Object:
        self._version += 1
        metadata = body["metadata"]
        if "name" not in metadata:
            metadata["name"] = f"{metadata['generateName']}{self._version:05d}"
        metadata |= {
            "namespace": namespace,
            "uid": f"uid-{self._version}",
            "generation": self._version,
            "resourceVersion": str(self._version),
            "creationTimestamp": "2026-03-01T12:00:00Z",
        }
        self._becomes(body)
        self.objects[resource, namespace, metadata["name"]] = body
        return body

    def _chosen(self, resource: str, namespace: str, query: dict[str, str]) -> list[Object]:
        wanted = dict(
            part.split("=", 1) for part in query.get("labelSelector", "").split(",") if part
        )
        field = query.get("fieldSelector", "").removeprefix("metadata.name=")
        return [
            found
            for (kind, where, name), found in sorted(self.objects.items())
            if (kind, where) == (resource, namespace)
            and (not field or name == field)
            and wanted.items() <= found["metadata"].get("labels", {}).items()
        ]

    def _discovery(self, path: list[str]) -> Object | None:
        if path == ["version"]:
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.0"}
        if path == ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == ["apis"]:
            groups = [
                {
                    "name": group,
                    "versions": [
                        entry := {"groupVersion": f"{group}/{version}", "version": version}
                    ],
                    "preferredVersion": entry,
                }
                for group, version in KINDS
                if group
            ]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        if path[:2] == ["openapi", "v3"]:
            return self._openapi(path[2:])
        key = ("", path[1]) if path[0] == "api" else tuple(path[1:3])
        if len(path) == (2 if path[0] == "api" else 3) and key in KINDS:
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": "/".join(key).lstrip("/"),
                "resources": [
                    {
                        "name": plural,
                        "singularName": kind.lower(),
                        "namespaced": True,
                        "kind": kind,
                        "verbs": ["get", "list", "watch", "create", "patch", "delete"],
                    }
                    for kind, plural in KINDS[key].items()
                ],
            }
        return None

    def _openapi(self, path: list[str]) -> Object:
        """Say that the server itself looks for fields that it does not know."""
        roots = {
            ("api/v1" if not group else f"apis/{group}/{version}"): (group, version)
            for group, version in KINDS
        }
        if not path:
            return {"paths": {root: {"serverRelativeURL": f"/openapi/v3/{root}"} for root in roots}}
        group, version = roots["/".join(path)]
        return {
            "openapi": "3.0.0",
            "paths": {
                f"/{'/'.join(path)}/namespaces/{{namespace}}/{plural}/{{name}}": {
                    "patch": {
                        "parameters": [{"name": "fieldValidation", "in": "query"}],
                        "x-kubernetes-group-version-kind": {
                            "group": group,
                            "version": version,
                            "kind": kind,
                        },
                    }
                }
                for kind, plural in KINDS[group, version].items()
            },
        }


def _merged(found: Object, change: Object) -> Object:
    """Return an object with some fields changed, as in RFC 7396."""
    return {
        **found,
        **{
            name: _merged(found.get(name, {}), value) if isinstance(value, dict) else value
            for name, value in change.items()
        },
    }


def _failure(code: int, reason: str, message: str = "") -> tuple[int, Object]:
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
        "message": message or reason,
    }
