"""The nine methods of CrispML, one class per file, one public verb ``run``.

A method is a pure step from values to values: no store, no clock that matters, no logging, no
timing; those are added around it by ``pipelines``. Methods do not import one another, and no web
framework, database library or setting may enter.
"""
