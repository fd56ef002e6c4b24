"""The dashboards of Grafana, as typed Python that writes the files in ``deploy/grafana``.

Every query names metrics that the services register and labels that they have; anything else ends
the generator. Run ``make dashboards`` after a change. Nothing of this is installed with CrispML.
"""
