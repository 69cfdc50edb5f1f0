/**
 * Who may do what in the store: one Cedar policy set, one action for each route (its `action`). A route whose action is
 * in no policy stops the start of the store. docs/identity.md has the same table for people.
 *
 * `Store` is the store as a whole: may this caller use the route at all. `Thing` is one object that a route is about:
 * `own` says that it is the caller's, `named` that it names the caller (an approval that names one of their groups).
 * `recording.read` is no route: every route that shows something of a recording asks it about that recording.
 */
export const STORE_POLICIES = `
// --- without proof of anything ---
@id("anybody")
permit (principal in Role::"anybody", action in [
  Action::"info", Action::"health.live", Action::"health.ready", Action::"web.page", Action::"web.asset",
  Action::"identity.signin", Action::"identity.dev_token", Action::"service.token",
  Action::"web.login", Action::"web.signin", Action::"web.metadata",
  Action::"witness.add", Action::"ssh_ca.trusted_keys", Action::"ssh_ca.krl"
], resource is Store);

// --- everybody with a session, whatever their roles ---
@id("self")
permit (principal in Role::"signed_in", action in [
  Action::"identity.me", Action::"identity.signout", Action::"web.logout", Action::"events.open",
  Action::"device.challenge", Action::"device.enrol"
], resource is Store);

@id("own-sessions-and-devices")
permit (principal in Role::"signed_in", action in [
  Action::"session.list", Action::"session.end", Action::"session.end_all", Action::"device.list", Action::"device.revoke"
], resource) when { resource is Store || resource.own };

// --- an enrolled, approved, unrevoked device that signed the request ---
@id("device")
permit (principal in Role::"device", action in [
  Action::"recording.open", Action::"recording.chunk", Action::"recording.end",
  Action::"approval.request", Action::"approval.wait", Action::"policy.report"
], resource is Store);

// --- what devices, people and services read to work ---
@id("to-work")
permit (principal, action in [
  Action::"target.list", Action::"approval.keys", Action::"trust.read",
  Action::"policy.metadata", Action::"policy.bundle.read", Action::"log.checkpoint", Action::"log.tile"
], resource is Store) when {
  principal in [Role::"device", Role::"engineer", Role::"service", Role::"approver", Role::"auditor", Role::"privacy_officer", Role::"security", Role::"admin"]
};

@id("cancel-own-request")
permit (principal, action == Action::"approval.cancel", resource) when {
  principal in [Role::"device", Role::"engineer", Role::"service"] && (resource is Store || resource.own)
};

// --- engineers and services ---
@id("lease")
permit (principal, action == Action::"target.lease", resource is Store) when {
  principal in [Role::"engineer", Role::"service"] && principal in Role::"device"
};

@id("own-work")
permit (principal, action in [
  Action::"recording.list", Action::"recording.show", Action::"recording.download", Action::"recording.export", Action::"recording.proofs",
  Action::"recording.summary", Action::"recording.timeline", Action::"recording.statement", Action::"recording.read",
  Action::"search", Action::"search.saved.list", Action::"search.saved.create", Action::"search.saved.change", Action::"search.saved.delete",
  Action::"approval.list", Action::"approval.show"
], resource) when {
  principal in [Role::"engineer", Role::"service"] && (resource is Store || resource.own)
};

// --- approvers ---
@id("approver-inbox")
permit (principal in Role::"approver", action in [Action::"approval.list", Action::"approval.show", Action::"approval.decide"], resource)
when { resource is Store || resource.named };

@id("nobody-decides-their-own-request")
forbid (principal, action == Action::"approval.decide", resource is Thing) when { resource.own };

@id("only-people-decide")
forbid (principal in Role::"service", action == Action::"approval.decide", resource);

// --- auditors ---
@id("auditor")
permit (principal in Role::"auditor", action in [
  Action::"audit.read", Action::"log.entries", Action::"policy.status", Action::"siem.status",
  Action::"recording.list", Action::"recording.show", Action::"recording.download", Action::"recording.export", Action::"recording.proofs",
  Action::"recording.summary", Action::"recording.timeline", Action::"recording.statement", Action::"recording.watchers", Action::"recording.read",
  Action::"search", Action::"search.saved.list", Action::"search.saved.create", Action::"search.saved.change", Action::"search.saved.delete", Action::"search.status",
  Action::"report.read", Action::"report.download",
  Action::"approval.list", Action::"approval.show"
], resource);

// --- privacy officers find what is to be redacted ---
@id("privacy-officer")
permit (principal in Role::"privacy_officer", action in [
  Action::"search", Action::"recording.list", Action::"recording.show", Action::"recording.download", Action::"recording.proofs",
  Action::"recording.summary", Action::"recording.timeline", Action::"recording.statement", Action::"recording.read"
], resource);

// --- security: bundles ---
@id("security")
permit (principal in Role::"security", action in [
  Action::"policy.bundle.upload", Action::"policy.push", Action::"policy.keys.read", Action::"policy.keys.make",
  Action::"policy.devices", Action::"policy.status", Action::"siem.status"
], resource is Store);

// --- redaction: the store takes two people, one of each role; whoever may sign may see what is to be signed ---
@id("redactors")
permit (principal, action in [
  Action::"redaction.propose", Action::"redaction.sign", Action::"redaction.withdraw", Action::"redaction.list", Action::"redaction.show",
  Action::"retention.show", Action::"retention.deletions"
], resource) when { principal in [Role::"privacy_officer", Role::"security"] };

// --- legal hold, and what retention does ---
@id("legal-hold")
permit (principal in Role::"auditor", action in [
  Action::"hold.place", Action::"hold.release", Action::"retention.show", Action::"retention.deletions",
  Action::"redaction.list", Action::"redaction.show"
], resource);

// --- administrators: targets, devices, sessions; never recordings or policy ---
@id("admin")
permit (principal in Role::"admin", action in [
  Action::"target.put", Action::"target.delete",
  Action::"device.approve", Action::"device.code.make", Action::"device.code.list", Action::"device.code.delete",
  Action::"device.list", Action::"device.revoke", Action::"session.list", Action::"session.end", Action::"session.end_all", Action::"service.list",
  Action::"search.status", Action::"search.reindex", Action::"policy.status", Action::"siem.status",
  Action::"ssh_ca.key.make", Action::"ssh_ca.key.use", Action::"ssh_ca.key.remove"
], resource);

// --- keys of the SSH certificate authority, public halves with their history ---
@id("ssh-ca")
permit (principal, action == Action::"ssh_ca.key.list", resource is Store) when {
  principal in [Role::"auditor", Role::"security", Role::"admin"]
};

// --- notifications, and alarms that a monitor outside of the store raises ---
@id("notifications")
permit (principal in Role::"admin", action in [Action::"notify.status", Action::"notify.test", Action::"notify.retry"], resource is Store);

@id("alarms")
permit (principal, action in [Action::"alarm.raise", Action::"alarm.list", Action::"alarm.acknowledge"], resource) when {
  principal in [Role::"auditor", Role::"security", Role::"admin"]
};

@id("nobody-acknowledges-what-they-caused")
forbid (principal, action == Action::"alarm.acknowledge", resource is Thing) when { resource.own };

@id("nobody-approves-their-own-device")
forbid (principal, action == Action::"device.approve", resource is Thing) when { resource.own };
`;
