"""The registry: data sets, artefacts and model versions as files on a volume.

Every store here publishes a whole folder with one rename, so a reader sees all of it or nothing,
and a process that dies leaves only a folder under ``.staging`` that `sweep` removes. Reading needs
no right to write. Nothing may enter that speaks to a database, knows HTTP or interprets what a
model file holds.

::

    <root>/datasets/<id>/            manifest.json  part-0.parquet
    <root>/artifacts/<id>/           manifest.json  ...
    <root>/models/<model>/<version>/ manifest.json  ...
    <root>/models/<model>/aliases.json
    <root>/.staging/<run>.<random>/  what is being written
"""
