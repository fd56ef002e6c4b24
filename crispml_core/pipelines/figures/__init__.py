"""What is stored about models and runs, as few numbers: what Prometheus is told from the database.

`read` reads them, `reports` looks at stored reports once each, `late` keeps whoever asks from
waiting for a database that is slow or away.
"""
