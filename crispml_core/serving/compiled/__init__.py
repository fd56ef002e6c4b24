"""Compiled models: plain data in, answers out, without scikit-learn and without pandas.

A plan (`crispml_core.domain.compiled`) is what a compiler made of a fitted pipeline. Here it is
executed, on one record in microseconds and on columns. How a plan is made is the business of
``crispml_core.adapters.compilers``.
"""
