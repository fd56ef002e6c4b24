"""The policy fails on manifests that are broken in one place: a rule that finds nothing is none."""

import copy

import pytest

from tests.manifests import rendering
from tests.manifests.network import open_pods
from tests.manifests.objects import named
from tests.manifests.policy import RULES, findings
from tests.manifests.schemas import problems

WHOLE = ("postgres", "influxdb", "monitoring", "ingress", "log-shipping", "autoscaling")


@pytest.fixture
def objects():
    return copy.deepcopy(rendering.combination(WHOLE))


@pytest.fixture
def find(objects):
    """Return an object by kind and name; a ConfigMap without its hash."""

    def find(kind, name):
        (found,) = (
            each
            for each in objects
            if each["kind"] == kind
            and (
                each["metadata"]["name"] == name
                or (kind == "ConfigMap" and each["metadata"]["name"].startswith(f"{name}-"))
            )
        )
        return found

    return find


def pod(workload):
    return workload["spec"]["template"]["spec"]


def container(workload):
    return pod(workload)["containers"][0]


def volume(workload, name):
    return next(each for each in pod(workload)["volumes"] if each["name"] == name)


def mount(workload, name):
    return next(each for each in container(workload)["volumeMounts"] if each["name"] == name)


def put(target, **values):
    target.update(values)


def drop(target, key):
    del target[key]


# Each breaks what scoring is made of, S, or another object, and names the rule that has to notice.
SCORING = {
    "labelled": [
        lambda s: drop(s["metadata"]["labels"], "app.kubernetes.io/name"),
        lambda s: drop(s["spec"]["template"]["metadata"]["labels"], "app.kubernetes.io/part-of"),
    ],
    "selectors_match": [
        lambda s: put(s["spec"]["selector"]["matchLabels"], **{"app.kubernetes.io/name": "other"}),
        lambda s: put(
            s["spec"]["selector"]["matchLabels"], **{"app.kubernetes.io/part-of": "crispml"}
        ),
        lambda s: put(container(s)["ports"][0], name="web"),
        lambda s: put(
            s["spec"]["template"]["metadata"]["labels"], **{"app.kubernetes.io/component": "score"}
        ),
    ],
    "references_exist": [
        lambda s: put(pod(s), serviceAccountName="nobody"),
        lambda s: put(container(s)["envFrom"][0]["configMapRef"], name="crispml-settings"),
        lambda s: put(volume(s, "work")["persistentVolumeClaim"], claimName="crispml-journal"),
        lambda s: put(mount(s, "work"), name="journal"),
    ],
    "images_are_bound": [
        lambda s: put(container(s), image="crispml-scoring"),
        lambda s: put(container(s), image="registry.example:5000/crispml-scoring"),
        lambda s: put(container(s), image="crispml-scoring:latest"),
    ],
    "probes": [
        lambda s: drop(container(s), "livenessProbe"),
        lambda s: put(container(s)["readinessProbe"]["httpGet"], path="/livez"),
        lambda s: put(container(s)["startupProbe"]["httpGet"], port="web"),
        lambda s: drop(pod(s)["initContainers"][0], "livenessProbe"),
    ],
    "stops_gracefully": [
        lambda s: put(pod(s), terminationGracePeriodSeconds=30),
        lambda s: container(s)["env"].append({"name": "CRISPML_JOURNAL__DRAIN_S", "value": "60"}),
        lambda s: container(s)["env"].append(
            {"name": "CRISPML_SERVER__STOP_DELAY_S", "value": "0"}
        ),
    ],
    "resources": [
        lambda s: drop(container(s)["resources"]["limits"], "memory"),
        lambda s: drop(pod(s)["initContainers"][0], "resources"),
        lambda s: put(volume(s, "tmp"), emptyDir={}),
    ],
    "restricted": [
        lambda s: put(pod(s)["securityContext"], runAsNonRoot=False),
        lambda s: put(pod(s)["securityContext"], runAsUser=0),
        lambda s: drop(pod(s)["securityContext"], "seccompProfile"),
        lambda s: put(container(s)["securityContext"], privileged=True),
        lambda s: put(container(s)["securityContext"], capabilities={"drop": ["NET_RAW"]}),
        lambda s: put(
            container(s)["securityContext"], capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}
        ),
        lambda s: put(container(s)["securityContext"], readOnlyRootFilesystem=False),
        lambda s: put(container(s)["securityContext"], allowPrivilegeEscalation=True),
        lambda s: put(pod(s), hostNetwork=True),
        lambda s: pod(s)["volumes"].append({"name": "node", "hostPath": {"path": "/"}}),
    ],
    "accounts_have_no_token": [
        lambda s: put(pod(s), automountServiceAccountToken=True),
        lambda s: drop(pod(s), "enableServiceLinks"),
        lambda s: put(pod(s), serviceAccountName="crispml-training"),
    ],
    "no_secret_literals": [
        lambda s: container(s)["env"].append({"name": "CRISPML_INFLUX__TOKEN", "value": "abc"}),
        lambda s: container(s)["env"].append(
            {"name": "CRISPML_DATABASE__URL", "value": "postgresql://crispml:abc@host/crispml"}
        ),
    ],
    "key_files_are_readable": [
        lambda s: drop(volume(s, "privacy")["secret"], "defaultMode"),
        lambda s: drop(pod(s)["securityContext"], "fsGroup"),
    ],
    "volumes": [
        lambda s: drop(mount(s, "registry"), "readOnly"),
        lambda s: drop(volume(s, "registry")["persistentVolumeClaim"], "readOnly"),
    ],
    "rolls_without_a_gap": [
        lambda s: put(s["spec"]["strategy"]["rollingUpdate"], maxUnavailable=1),
        lambda s: put(s["spec"], strategy={"type": "Recreate"}),
        lambda s: put(s, spec={**s["spec"], "template": without_claim(s["spec"]["template"])}),
        lambda s: drop(pod(s), "topologySpreadConstraints"),
    ],
    "scales": [lambda s: put(s["spec"], replicas=3)],
}


def without_claim(template):
    template = copy.deepcopy(template)
    for each in template["spec"]["volumes"]:
        if each["name"] == "work":
            each.clear()
            each.update(name="work", emptyDir={"sizeLimit": "1Gi"})
    return template


OTHERS = {
    "labelled": [("Service", "crispml-scoring", lambda o: drop(o["metadata"], "labels"))],
    "selectors_match": [
        ("Service", "crispml-scoring", lambda o: put(o["spec"]["ports"][0], targetPort="web")),
        (
            "Service",
            "crispml-scoring",
            lambda o: put(o["spec"], selector={"app.kubernetes.io/part-of": "crispml"}),
        ),
        (
            "NetworkPolicy",
            "scoring",
            lambda o: put(o["spec"], podSelector={"matchLabels": {"app": "scoring"}}),
        ),
        ("ServiceMonitor", "crispml", lambda o: put(o["spec"]["endpoints"][0], port="metrics")),
        (
            "Ingress",
            "crispml",
            lambda o: put(
                o["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"], name="scoring"
            ),
        ),
    ],
    "namespaces_enforce": [
        (
            "Namespace",
            "crispml-test",
            lambda o: put(
                o["metadata"]["labels"], **{"pod-security.kubernetes.io/enforce": "baseline"}
            ),
        ),
        ("Service", "crispml-scoring", lambda o: put(o["metadata"], namespace="default")),
    ],
    "accounts_have_no_token": [
        ("ServiceAccount", "crispml-scoring", lambda o: drop(o, "automountServiceAccountToken"))
    ],
    "no_secret_literals": [
        (
            "ConfigMap",
            "crispml-settings",
            lambda o: put(o["data"], CRISPML_MONITOR__WEBHOOK_SECRET="whsec_abc"),
        ),
        ("ConfigMap", "crispml-settings", lambda o: put(o, kind="Secret")),
    ],
    "volumes": [
        (
            "PersistentVolumeClaim",
            "crispml-registry",
            lambda o: put(o["spec"], accessModes=["ReadWriteOnce"]),
        ),
        (
            "StatefulSet",
            "crispml-postgres",
            lambda o: put(
                o["spec"]["volumeClaimTemplates"][0]["metadata"],
                labels={"app.kubernetes.io/version": "0.1.0"},
            ),
        ),
        (
            "Deployment",
            "crispml-training",
            lambda o: put(mount(o, "registry"), readOnly=True),
        ),
    ],
    "rolls_without_a_gap": [
        (
            "PodDisruptionBudget",
            "crispml-scoring",
            lambda o: put(o["spec"], maxUnavailable=0),
        ),
        (
            "PodDisruptionBudget",
            "crispml-scoring",
            lambda o: drop(o["spec"], "unhealthyPodEvictionPolicy"),
        ),
    ],
    "scales": [
        (
            "HorizontalPodAutoscaler",
            "crispml-scoring",
            lambda o: put(o["spec"]["scaleTargetRef"], kind="StatefulSet"),
        ),
        ("StatefulSet", "crispml-postgres", lambda o: drop(o["spec"], "replicas")),
    ],
    "jobs_end": [
        ("Job", "database-migration", lambda o: drop(o["spec"], "ttlSecondsAfterFinished")),
        ("CronJob", "crispml-monitor", lambda o: put(o["spec"], concurrencyPolicy="Allow")),
    ],
    "fits_into_etcd": [
        ("ConfigMap", "crispml-settings", lambda o: put(o["data"], text="x" * 2**20))
    ],
}
MUTATIONS = [
    pytest.param(rule, kind, name, change, id=f"{rule}-{kind}-{index}")
    for rule, kind, name, change, index in [
        *(
            (rule, "Deployment", "crispml-scoring", change, index)
            for rule, changes in SCORING.items()
            for index, change in enumerate(changes)
        ),
        *(
            (rule, kind, name, change, index)
            for rule, changes in OTHERS.items()
            for index, (kind, name, change) in enumerate(changes)
        ),
    ]
]


@pytest.mark.parametrize(("rule", "kind", "name", "change"), MUTATIONS)
def test_a_rule_notices(rule, kind, name, change, objects, find):
    asked = next(each for each in RULES if each.__name__ == rule)
    assert not list(asked(objects))
    change(find(kind, name))
    assert list(asked(objects))
    assert findings(objects)


def test_every_rule_was_broken():
    assert {rule.__name__ for rule in RULES} == {*SCORING, *OTHERS}


@pytest.mark.parametrize(
    ("kind", "name", "change"),
    [
        ("Deployment", "crispml-scoring", lambda o: put(o["spec"], replica=2)),
        ("Deployment", "crispml-scoring", lambda o: drop(o["spec"], "selector")),
        ("Deployment", "crispml-scoring", lambda o: put(container(o), imagePullPolicy=1)),
        ("Service", "crispml-scoring", lambda o: put(o["spec"]["ports"][0], port="http")),
        ("Job", "database-migration", lambda o: put(o, apiVersion="batch/v1beta1")),
        ("ServiceMonitor", "crispml", lambda o: put(o["spec"]["endpoints"][0], interval="often")),
        ("ServiceMonitor", "crispml", lambda o: put(o["spec"]["endpoints"][0], scrape="15s")),
        ("PrometheusRule", "crispml-stores", lambda o: put(o["spec"], group=[])),
        (
            "PrometheusRule",
            "crispml-stores",
            lambda o: put(o["spec"]["groups"][0]["rules"][0], exprs="up"),
        ),
    ],
)
def test_the_schemas_notice(kind, name, change, find):
    target = find(kind, name)
    assert not problems(target)
    change(target)
    assert invalid(target)


def invalid(target):
    try:
        return bool(problems(target))
    except Exception as error:  # a version that there is not, for example
        return "schema" in f"{type(error).__name__} {error}".lower()


def test_a_pod_that_no_policy_closes_is_noticed(objects, find):
    assert not list(open_pods(objects))
    objects.remove(find("NetworkPolicy", "default-deny"))
    assert named(find("Deployment", "crispml-scoring")) in set(open_pods(objects))
