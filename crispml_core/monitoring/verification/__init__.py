"""The sections of a verification report.

Each module makes one section: from the scores of a window as arrays, and from what a use case
declares, come JSON values without NaN. The same scores give the same values in whatever order they
come. `crispml_core.methods.new_data_report` puts the sections in order; no page and no store may
enter.
"""
