"""Where figures go while a load lasts: InfluxDB, Prometheus, or nowhere.

What may not enter: anything that a load waits for.
"""
