"""How a declarant comes back to a case: by its secret, exchanged for a cookie, or by an account.

Beside `incidents.declare`, not inside it: it is another door, with another guard, and reads another row.
"""
