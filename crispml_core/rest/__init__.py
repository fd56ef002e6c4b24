"""The HTTP edge that both services share: errors, limits, ids, health, metrics, read-only routes.

Code here knows status codes, headers and ASGI; it converts and delegates, and decides nothing about
data or models. Every answer that is not a success is a problem document (RFC 9457) that never
repeats what the caller sent. A route that only one service has belongs to that service.
"""
