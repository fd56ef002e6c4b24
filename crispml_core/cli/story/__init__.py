"""Stories of the demo: months pass on a simulated clock, and the services do what they would do.

A story prepares a scenery, lets time pass, sends what the world sends, and tells what came of it.
No decision may enter: what is found, trained and promoted is the business of the services and of
the rules that the use case declares.
"""
