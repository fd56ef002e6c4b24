"""Write the folders that MLServer starts from: ``plain`` and ``batching``.

python save.py FOLDER
"""

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1])
server = {"debug": False, "parallel_workers": 0}
model = {
    "name": "adult",
    "implementation": "mlserver_sklearn.SKLearnModel",
    "parameters": {
        "uri": str((folder / "model.joblib").resolve()),
        "version": "1",
        "extra": {"predict_fn": "predict_proba"},
    },
}
# As many requests as the load has connections; 10 ms is what one prediction takes.
batching = {"max_batch_size": 64, "max_batch_time": 0.01}

for kind, extra in (("plain", {}), ("batching", batching)):
    target = folder / kind
    target.mkdir(exist_ok=True)
    (target / "settings.json").write_text(json.dumps(server))
    (target / "model-settings.json").write_text(json.dumps(model | extra))
