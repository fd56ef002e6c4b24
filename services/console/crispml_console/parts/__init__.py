"""What pages are made of: the frame, states, tables, plots, forms, actions.

A part knows no page. It shows what it is given and asks nothing on its own account.
"""
