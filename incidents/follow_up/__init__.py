"""The pages on which a declarant returns to a case, with a secret exchanged for a cookie, or with an account.

They are separate from `incidents.declare`, because they have other access rules and read other rows.
"""
