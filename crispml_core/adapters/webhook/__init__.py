"""Messages to a webhook: whether its address may be called, and one signed POST.

What a message says, when it is sent again and when it is given up is decided elsewhere.
"""
