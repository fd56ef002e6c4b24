"""Ground truth as other systems write it, turned into label rows of our own.

One module per system, each a function from one JSON value to rows. No rule about what a truth is
may enter: whatever comes out here is checked like any other label.
"""
