"""How the platform's own actions are told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """How one of the platform's own actions is told.

    Attributes:
        did: After *Anna Berg*.
        tried: After *Anna Berg tried to*.
        of: Between this and the thing it was done to; None when the thing goes without saying.
        alone: Instead of both when it is not known what it was done to.
    """

    did: str
    tried: str
    of: str | None = None
    alone: str = ""


AS = "as"
PHRASES = {
    "access.compare": Phrase("compared", "compare", None, "two roles"),
    "access.diff": Phrase("compared", "compare", None, "the roles with a file"),
    "access.drift": Phrase("compared", "compare", None, "the roles with their file"),
    "access.explain": Phrase("looked up", "look up", None, "why somebody holds a permission"),
    "access.export": Phrase("exported", "export", None, "the roles"),
    "access.holder_counts": Phrase("looked up", "look up", None, "how many hold what"),
    "access.granters": Phrase("looked up", "look up", None, "who can grant a permission"),
    "access.holders": Phrase("looked up", "look up", None, "who holds a permission"),
    "access.matrix": Phrase("looked at", "look at", None, "all roles and permissions"),
    "access.of_user": Phrase("looked up", "look up", None, "what a user may do"),
    "access.people": Phrase("looked up", "look up", None, "people to explain"),
    "access.permissions": Phrase("looked at", "look at", None, "the permissions"),
    "audit.accept_anchor": Phrase("anchored the audit trail anew", "anchor the audit trail anew"),
    "audit.acknowledge": Phrase(
        "explained", "explain", None, "irregularities of time in the audit trail"
    ),
    "audit.destroy_proof": Phrase("destroyed", "destroy", None, "the seals of the audit trail"),
    "audit.anchor": Phrase("anchored", "anchor", None, "the audit trail"),
    "audit.export": Phrase("exported", "export", None, "audit entries"),
    "audit.prune": Phrase("deleted", "delete", None, "audit entries that were kept long enough"),
    "access.person": Phrase("looked up", "look up", None, "a person to explain"),
    "audit.reads_lost": Phrase("lost", "keep", None, "records of who looked at what"),
    "audit.write_reads": Phrase("wrote", "write", None, "records of who looked at what"),
    "audit.read": Phrase("looked at", "look at", None, "the audit trail"),
    "audit.seal": Phrase("sealed", "seal", None, "the audit trail"),
    "audit.verify": Phrase("verified", "verify", None, "the audit trail"),
    "audit.undo": Phrase("took back", "take back", "a change of", "a change"),
    "auth.identity": Phrase("looked up", "look up", None, "who they are"),
    "auth.password.change": Phrase("changed their password", "change their password"),
    "auth.password.change_by_api": Phrase(
        "changed their password through the API", "change their password through the API"
    ),
    "auth.password.reset": Phrase(
        "chose a new password by a link", "choose a new password by a link"
    ),
    "auth.reauthenticate": Phrase("gave their password again", "give their password again"),
    "auth.sign_in": Phrase("signed in", "sign in", AS),
    "auth.sign_out": Phrase("signed out", "sign out"),
    "auth.token.issue": Phrase("signed in through the API", "sign in through the API", AS),
    "auth.token.refresh": Phrase("renewed an API session", "renew an API session"),
    "console.handler": Phrase(
        "called what the console does not offer", "call what the console does not offer"
    ),
    "dashboard.activity": Phrase("looked at", "look at", None, "everybody's sign-ins"),
    "dashboard.health": Phrase("checked", "check", None, "the health of the platform"),
    "dashboard.own_activity": Phrase("looked at", "look at", None, "their own activity"),
    "dashboard.users": Phrase("looked up", "look up", None, "how many users there are"),
    "preview.start": Phrase(
        "previewed the access of", "preview the access of", "", "another's access"
    ),
    "preview.stop": Phrase("stopped", "stop", None, "the preview"),
    "request.read": Phrase("sent", "send", "the request", "a request"),
    "request.refused": Phrase("refused", "refuse", "calls of strangers from", "calls of strangers"),
    "request.write": Phrase("sent", "send", "the request", "a request"),
    "request_key.has_expired": Phrase("looked for", "look for", None, "keys of old requests"),
    "request_key.purge": Phrase("forgot", "forget", None, "keys of old requests"),
    "role.add_members": Phrase("gave", "give", "the role", "a role"),
    "role.add_permissions": Phrase(
        "added permissions to", "add permissions to", "the role", "a role"
    ),
    "module.read": Phrase("looked at", "look at", None, "the modules"),
    "role.create": Phrase("created", "create", "role", "a role"),
    "role.delete": Phrase("deleted", "delete", "the role", "a role"),
    "role.grant": Phrase("granted", "grant", None, "more than they hold"),
    "role.read": Phrase("looked at", "look at", "the role", "the roles"),
    "role.remove_members": Phrase("took away", "take away", "the role", "a role"),
    "role.remove_permission": Phrase(
        "removed a permission from", "remove a permission from", "the role", "a role"
    ),
    "role.restore_members": Phrase(
        "put back who has", "put back who has", "the role", "who has a role"
    ),
    "role.seed": Phrase("created the default roles", "create the default roles"),
    "role.update": Phrase("changed", "change", "the role", "a role"),
    "role.what_if": Phrase("looked up", "look up", None, "what a change of a role would entail"),
    "session.count_expired": Phrase("counted", "count", None, "expired sessions"),
    "session.end_others": Phrase("ended all their other sessions", "end all their other sessions"),
    "session.end_own": Phrase("ended one of their sessions", "end one of their sessions"),
    "session.purge": Phrase("removed", "remove", "", "expired sessions"),
    "session.read": Phrase("looked at", "look at", "the sessions of", "users' sessions"),
    "settings.read": Phrase("looked at", "look at", None, "the settings"),
    "session.read_own": Phrase("looked at", "look at", None, "their own sessions"),
    "session.revoke": Phrase("ended", "end", "a session of", "a user's session"),
    "session.revoke_all": Phrase("ended", "end", "all sessions of", "all sessions of a user"),
    "signed_in": Phrase("used the console", "use the console without being signed in"),
    "system.health.check": Phrase("checked", "check", None, "the health of the platform"),
    "user.add_roles": Phrase("gave roles to", "give roles to", "", "a user"),
    "user.remove_roles": Phrase("took roles from", "take roles from", "", "a user"),
    "user.assign_roles": Phrase("changed", "change", "the roles of", "a user's roles"),
    "user.assign_roles.preview": Phrase(
        "looked up", "look up", None, "what giving or taking a role would change"
    ),
    "user.change_email": Phrase(
        "changed", "change", "the e-mail address of", "a user's e-mail address"
    ),
    "user.create": Phrase("created", "create", "user", "a user"),
    "user.delete": Phrase("deleted", "delete", "user", "a user"),
    "user.delete.preview": Phrase(
        "looked up", "look up", None, "what the deletion of a user would entail"
    ),
    "user.export": Phrase("exported", "export", None, "users"),
    "user.reactivate": Phrase("reactivated", "reactivate", "user", "a user"),
    "user.read": Phrase("looked at", "look at", "user", "users"),
    "user.read_grants": Phrase("looked at", "look at", None, "what a user holds in person"),
    "user.read_own": Phrase("looked at", "look at", None, "their own profile"),
    "user.reset_credentials": Phrase(
        "started", "start", "a password reset for", "a user's password reset"
    ),
    "user.reset_credentials.preview": Phrase(
        "looked up", "look up", None, "whether a user's password can be reset"
    ),
    "user.set_password": Phrase("set", "set", "a new password for", "a user's password"),
    "user.set_grants": Phrase(
        "changed", "change", "what is granted in person to", "what is granted to a user in person"
    ),
    "user.suspend": Phrase("suspended", "suspend", "user", "a user"),
    "user.suspend.preview": Phrase(
        "looked up", "look up", None, "what suspending many users would change"
    ),
    "user.update": Phrase("changed", "change", "user", "a user"),
    "user.update_own": Phrase("changed their name", "change their name"),
    "view.create": Phrase("saved", "save", "the view", "a view of a list"),
    "view.delete": Phrase("deleted", "delete", "the view", "a saved view"),
    "view.read": Phrase("looked at", "look at", None, "the saved views of a list"),
    "view.rename": Phrase("renamed", "rename", "the view", "a saved view"),
    "view.replace": Phrase("changed", "change", "the view", "a saved view"),
    "view.share": Phrase("shared", "share", "the view", "a saved view"),
    "view.unshare": Phrase("stopped sharing", "stop sharing", "the view", "a saved view"),
}
NEW_PASSWORD = Phrase("set", "set", "a new password for", "a user's password")
TOLD_ACTIONS = frozenset(PHRASES)
