"""Turns the content of a report, a card or a dossier into one HTML page, and numbers into a table.

A page is made from the JSON content alone, so that a stored report can be rendered again at any
time. It needs no script, no network and no other file. No arithmetic about models may enter: what a
figure shows was computed in ``monitoring``.
"""
