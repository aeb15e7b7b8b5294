"""What PostgreSQL does when an account is closed or opened again, whoever does it and however."""

import pgtrigger

ACCOUNT_TRIGGERS: list[pgtrigger.Trigger] = [
    # However an account is closed, reopening it must not revive a session.
    pgtrigger.Trigger(
        name="closing_ends_the_sessions",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("is_active"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(old__is_active=True, new__is_active=False),
        func=("NEW.session_stamp = gen_random_uuid(); NEW.closed_at = COALESCE(NEW.closed_at, now()); RETURN NEW;"),
    ),
    pgtrigger.Trigger(
        name="reopening_forgets_the_closing",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("is_active"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(old__is_active=False, new__is_active=True),
        func="NEW.closed_at = NULL; NEW.unused_warned_at = NULL; RETURN NEW;",
    ),
    # What ends the sessions of an account ends its tokens: a new password, address or factor, closing it.
    pgtrigger.Trigger(
        name="ending_sessions_revokes_tokens",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("is_active", "session_stamp"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.AnyChange("is_active", "session_stamp"),
        func=(
            "UPDATE accounts_apitoken SET revoked_at = now() WHERE user_id = NEW.id AND revoked_at IS NULL; "
            "RETURN NULL;"
        ),
    ),
]

ROLE_TRIGGERS = [
    # PostgreSQL's day is that of UTC. Where the day of Paris begins earlier, a new role is kept some hours later.
    pgtrigger.Trigger(
        name="begun_role_is_kept",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("user_id", "role", "collectivity_id", "csirt_id", "region_id"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(old__awaits_confirmation=False),
        func="""
            IF OLD.since_on <= CURRENT_DATE
                AND (NEW.user_id, NEW.role, NEW.collectivity_id, NEW.csirt_id, NEW.region_id) IS DISTINCT FROM
                    (OLD.user_id, OLD.role, OLD.collectivity_id, OLD.csirt_id, OLD.region_id)
            THEN
                RAISE integrity_constraint_violation USING MESSAGE = 'a role that has begun stays what it was';
            END IF;
            RETURN NEW;
        """,
    ),
]
