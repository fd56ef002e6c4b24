"""Save the fitted pipeline as an MLflow model that answers probabilities.

python save.py FOLDER
"""

import shutil
import sys
from pathlib import Path

import joblib
import mlflow.sklearn

folder = Path(sys.argv[1])
shutil.rmtree(folder / "mlflow", ignore_errors=True)
mlflow.sklearn.save_model(
    joblib.load(folder / "model.joblib"),
    folder / "mlflow",
    pyfunc_predict_fn="predict_proba",
    pip_requirements=["scikit-learn"],
    serialization_format="cloudpickle",
)
