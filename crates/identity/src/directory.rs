//! Everybody who may sign in, as an immutable snapshot that is replaced as a whole. Knows no store
//! and checks no password.

use crate::{
    Admitted, Claim, Credential, IdentityError, ScramVerifier, Secret, Standing,
    credential::{MAX_CREDENTIALS, PASSWORD_ID},
    scram::{KEY_BYTES, hmac},
    token_hash,
};
use arc_swap::ArcSwap;
use model::{Granted, Identity, IdentityKind};
use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};
use zeroize::Zeroizing;

/// The longest chain of agents acting for agents. A ring is longer than any limit, so this is also
/// what ends rings.
pub const MAX_CHAIN: usize = 4;

/// One identity as it is stored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The identity. Of `acts_for` only the name counts: everything else about the delegator is
    /// taken from its own entry.
    pub identity: Identity,
    /// What its password is checked against.
    pub verifier: ScramVerifier,
    /// How often its password was set anew: the same one given again is another one, so that
    /// whoever was let in by it before is out.
    pub passwords: u64,
    /// Whether it may sign in, and agents on its behalf.
    pub enabled: bool,
    /// Its password is not enough: a code goes with it.
    pub second_factor: bool,
    /// What else it signs in with. Those that have not the salt and the iterations of its password
    /// are left out, and so are those beyond [`MAX_CREDENTIALS`].
    pub credentials: Vec<Credential>,
}

impl Entry {
    /// One that may sign in, by its password alone too.
    pub fn new(identity: Identity, verifier: ScramVerifier, credentials: Vec<Credential>) -> Self {
        let (passwords, enabled, second_factor) = (0, true, false);
        Self { identity, verifier, passwords, enabled, second_factor, credentials }
    }
}

/// A grant in force: an identity has the rights of a group on some databases until its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The grant and its group.
    pub granted: Granted,
    /// To whom: the chain of actors.
    pub identity: String,
    /// On which databases, by Weir's names.
    pub databases: Vec<String>,
    /// When it is over by a clock that nobody sets.
    pub deadline: Instant,
    /// When it is over by the time of day. Whichever comes first counts.
    pub until: SystemTime,
}

/// Why an identity that exists may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// It is disabled.
    Disabled,
    /// It is an agent, and the identity it acts for is missing, disabled or itself unfit.
    DelegatorUnfit,
    /// Its entry contradicts itself: the name occurs twice, or somebody who is not an agent acts
    /// for another. Not understood, so not let in.
    Contradictory,
}

impl Bar {
    /// What may be said to somebody who has proven to know the password.
    pub fn client_message(self) -> &'static str {
        match self {
            Self::Disabled => "this identity is disabled",
            Self::DelegatorUnfit => "the identity that this agent acts for is missing or disabled",
            Self::Contradictory => "this identity's entry contradicts itself",
        }
    }
}

/// All identities, shared by every session. Reading never waits.
pub struct Directory {
    /// Mock verifiers follow from it; the same over restarts, or names could be told apart by
    /// a salt that changes.
    secret: Zeroizing<[u8; KEY_BYTES]>,
    people: ArcSwap<People>,
    /// Credentials that were used since somebody last asked: when, and from where.
    uses: Mutex<HashMap<String, (SystemTime, Option<IpAddr>)>>,
    grants: ArcSwap<Vec<Grant>>,
    /// Whose sessions are over that were opened before.
    ended: ArcSwap<HashMap<String, SystemTime>>,
    /// Whose certificates count no more that began before.
    certificates: ArcSwap<HashMap<String, SystemTime>>,
    generation: AtomicU64,
    /// Held while a snapshot is replaced, so that generations and snapshots keep one order.
    publishing: Mutex<()>,
}

/// Everybody at one moment.
#[derive(Debug, Default)]
struct People {
    names: HashMap<String, Known>,
    /// Whose secret has this hash.
    bearers: HashMap<[u8; KEY_BYTES], (String, Arc<Credential>)>,
}

#[derive(Debug)]
struct Known {
    lead: Arc<Credential>,
    others: Arc<[Arc<Credential>]>,
    standing: Result<Arc<Identity>, Bar>,
}

impl Directory {
    /// An empty directory. `secret` is random, made once per installation and kept.
    pub fn new(secret: [u8; KEY_BYTES]) -> Self {
        Self {
            secret: Zeroizing::new(secret),
            people: ArcSwap::default(),
            uses: Mutex::default(),
            grants: ArcSwap::default(),
            ended: ArcSwap::default(),
            certificates: ArcSwap::default(),
            generation: AtomicU64::new(0),
            publishing: Mutex::new(()),
        }
    }

    /// Replaces everybody. Delegators are resolved here, with the groups they have now.
    pub fn publish(&self, entries: Vec<Entry>) {
        let people = settle(&self.secret, entries);
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        self.people.store(Arc::new(people));
        // After the store: whoever sees the new number sees the new snapshot too.
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Replaces since when sessions are over that were opened before, by whose they are.
    pub fn publish_ended(&self, ended: HashMap<String, SystemTime>) {
        self.ended.store(Arc::new(ended));
    }

    /// Replaces when certificates were revoked, by whose they are.
    pub fn publish_certificates(&self, revoked: HashMap<String, SystemTime>) {
        self.certificates.store(Arc::new(revoked));
    }

    /// True if a certificate of an identity that begins at a moment was not revoked since.
    pub fn takes_certificate(&self, name: &str, begins: SystemTime) -> bool {
        self.certificates.load().get(name).is_none_or(|revoked| *revoked < begins)
    }

    /// True if a session that was opened at a moment is over since, by any of those in its chain.
    pub fn has_ended(&self, identity: &Identity, opened: SystemTime) -> bool {
        let ended = self.ended.load();
        let mut chain = std::iter::successors(Some(identity), |one| one.acts_for.as_deref());
        !ended.is_empty()
            && chain.any(|one| ended.get(one.name.as_str()).is_some_and(|at| *at >= opened))
    }

    /// Replaces all grants that are in force. False if they were these already.
    pub fn publish_grants(&self, grants: Vec<Grant>) -> bool {
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        if **self.grants.load() == grants {
            return false;
        }
        self.grants.store(Arc::new(grants));
        self.generation.fetch_add(1, Ordering::Release);
        true
    }

    /// Takes every grant away that is not to be kept; true if there was one.
    pub fn withdraw_grants(&self, keep: impl Fn(&Grant) -> bool) -> bool {
        if self.grants.load().iter().all(&keep) {
            return false;
        }
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.grants.load().iter().filter(|grant| keep(grant)).cloned().collect();
        self.grants.store(Arc::new(kept));
        self.generation.fetch_add(1, Ordering::Release);
        true
    }

    /// The grants that a chain of actors has on a database now.
    pub fn granted(&self, chain: &str, database: &str, now: Instant) -> Vec<Granted> {
        let grants = self.grants.load();
        let counts = |grant: &&Grant| {
            grant.identity == chain
                && grant.deadline > now
                && grant.databases.iter().any(|one| one == database)
        };
        grants.iter().filter(counts).map(|grant| grant.granted.clone()).collect()
    }

    /// Grows with each [`Directory::publish`]. A session that remembers it can tell by one load
    /// whether its identity must be resolved again.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The identity of that name as it is now, if it may be used.
    pub fn resolve(&self, name: &str) -> Option<Arc<Identity>> {
        self.people.load().names.get(name).and_then(|known| known.standing.clone().ok())
    }

    /// True if an identity, with all that it acts for, is one that may be used as it is.
    pub fn stands(&self, identity: &Identity) -> bool {
        let is = |name: &str| self.resolve(name).is_some_and(|now| *now == *identity);
        is(identity.name.as_str()) || identity.acts_for.is_some() && is(&identity.chain())
    }

    /// What a secret is checked against by which an agent acts for somebody: with the salt that
    /// is asked under this chain of actors whether or not there is such a secret.
    pub fn verifier_for(&self, chain: &str, secret: &Secret) -> ScramVerifier {
        ScramVerifier::mock(&self.secret, chain).beside(secret)
    }

    /// Whose own credential a secret is, whether or not they may sign in by themselves: an agent
    /// may have nobody to act for yet.
    pub fn holder(&self, secret: &Secret, now: SystemTime) -> Option<(String, Arc<Credential>)> {
        let people = self.people.load();
        let (name, credential) = people.bearers.get(&token_hash(secret))?;
        let own = credential.acts_for.is_none() && credential.is_good(now);
        own.then(|| (name.clone(), Arc::clone(credential)))
    }

    /// What a sign-in under this name is checked against.
    pub fn claim(&self, name: &str) -> Claim {
        // Made for known names too, so that both kinds take the same time.
        let mock = Credential::password(ScramVerifier::mock(&self.secret, name));
        match self.people.load().names.get(name) {
            Some(known) => Claim {
                lead: Arc::clone(&known.lead),
                others: Arc::clone(&known.others),
                standing: known.standing(),
            },
            None => {
                Claim { lead: Arc::new(mock), others: Arc::default(), standing: Standing::Unknown }
            }
        }
    }

    /// Whoever bears this secret: a token or a key, over an encrypted channel. How long the look-up
    /// by its hash takes tells nothing of a secret.
    pub fn bearer(&self, secret: &Secret, now: SystemTime) -> Result<Admitted, IdentityError> {
        let people = self.people.load();
        let found = people.bearers.get(&token_hash(secret));
        let (name, credential) = found.ok_or(IdentityError::WrongProof)?;
        let known = people.names.get(name).ok_or(IdentityError::WrongProof)?;
        let identity = known.standing().admit(credential.is_good(now))?;
        Ok(Admitted { identity, credential: Arc::clone(credential) })
    }

    /// A credential of an identity as it is now, if it is still one; what it was is the same as
    /// what was signed in with. Only its times and its scope may have changed. A password that was
    /// set again is another one.
    pub fn still(&self, name: &str, credential: &Credential) -> Option<Arc<Credential>> {
        let people = self.people.load();
        let known = people.names.get(&credential.signs_in(name))?;
        let now = if credential.id == PASSWORD_ID {
            Some(&known.lead).filter(|lead| !lead.half)?
        } else {
            known.others.iter().find(|one| one.id == credential.id)?
        };
        let is_same = now.number == credential.number && now.verifier.is_same(&credential.verifier);
        is_same.then(|| Arc::clone(now))
    }

    /// Notes that a credential was used. Writes nothing: somebody takes the notes now and then.
    pub fn used(&self, credential: &Credential, from: Option<IpAddr>, now: SystemTime) {
        if credential.id != PASSWORD_ID {
            let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
            uses.insert(credential.id.clone(), (now, from));
        }
    }

    /// Which credentials were used since this was last asked, when they last were, and from where.
    pub fn take_uses(&self) -> Vec<(String, SystemTime, Option<IpAddr>)> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        uses.drain().map(|(id, (at, from))| (id, at, from)).collect()
    }

    /// Takes notes back that could not be written, but for what was noted since.
    pub fn put_back_uses(&self, taken: Vec<(String, SystemTime, Option<IpAddr>)>) {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, at, from) in taken {
            uses.entry(id).or_insert((at, from));
        }
    }

    /// How many identities there are, disabled ones included.
    pub fn len(&self) -> usize {
        self.people.load().names.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.load().names.is_empty()
    }

    /// A key that follows from the installation's secret, for other uses that must be stable and
    /// unguessable; `purpose` keeps them apart.
    pub fn derived_key(&self, purpose: &str) -> [u8; KEY_BYTES] {
        hmac(self.secret.as_slice(), &[b"derived\0", purpose.as_bytes()])
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("len", &self.len())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}

/// Works out what each name stands for.
fn settle(secret: &[u8; KEY_BYTES], entries: Vec<Entry>) -> People {
    let mut by_name: HashMap<&str, &Entry> = HashMap::with_capacity(entries.len());
    let mut twice: Vec<&str> = Vec::new();
    for entry in &entries {
        let name = entry.identity.name.as_str();
        if by_name.insert(name, entry).is_some() {
            twice.push(name);
        }
    }
    let mut people = People::default();
    for (name, entry) in &by_name {
        let standing = stand(name, &by_name, &twice, MAX_CHAIN).map(Arc::new);
        let own = entry.credentials.iter().filter(|one| one.acts_for.is_none());
        let (half, number) = (entry.second_factor, entry.passwords);
        let lead = Credential { half, number, ..Credential::password(entry.verifier.clone()) };
        people.add((*name).to_owned(), lead, own, standing);
        let mut persons: Vec<&str> =
            entry.credentials.iter().filter_map(|one| one.acts_for.as_deref()).collect();
        persons.sort_unstable();
        persons.dedup();
        for person in persons {
            let chain = format!("{person}/{name}");
            let standing = stand_for(name, person, &by_name, &twice).map(Arc::new);
            // Nobody can prove this one: what it asks is what is asked of any unknown name.
            let lead = Credential::password(ScramVerifier::mock(secret, &chain));
            let theirs =
                entry.credentials.iter().filter(|one| one.acts_for.as_deref() == Some(person));
            people.add(chain, lead, theirs, standing);
        }
    }
    people
}

impl People {
    fn add<'c>(
        &mut self,
        name: String,
        lead: Credential,
        credentials: impl Iterator<Item = &'c Credential>,
        standing: Result<Arc<Identity>, Bar>,
    ) {
        let others: Arc<[Arc<Credential>]> = credentials
            .filter(|one| one.verifier.asks_as(&lead.verifier))
            .take(MAX_CREDENTIALS - 1)
            .map(|one| Arc::new(one.clone()))
            .collect();
        for one in others.iter() {
            if let Some(hash) = one.hash {
                self.bearers.insert(hash, (name.clone(), Arc::clone(one)));
            }
        }
        let lead = Arc::new(lead);
        self.names.insert(name, Known { lead, others, standing });
    }
}

impl Known {
    fn standing(&self) -> Standing {
        match &self.standing {
            Ok(identity) => Standing::Good(Arc::clone(identity)),
            Err(bar) => Standing::Barred(*bar),
        }
    }
}

/// An agent that acts for a person by a token of theirs, whomever it acts for otherwise.
fn stand_for(
    name: &str,
    person: &str,
    entries: &HashMap<&str, &Entry>,
    twice: &[&str],
) -> Result<Identity, Bar> {
    let entry = entries.get(name).ok_or(Bar::DelegatorUnfit)?;
    if twice.contains(&name) || entry.identity.kind != IdentityKind::Agent {
        return Err(Bar::Contradictory);
    }
    if !entry.enabled {
        return Err(Bar::Disabled);
    }
    let person = stand(person, entries, twice, MAX_CHAIN).map_err(|_| Bar::DelegatorUnfit)?;
    if person.kind != IdentityKind::Person {
        return Err(Bar::DelegatorUnfit);
    }
    Ok(Identity {
        name: entry.identity.name.clone(),
        kind: entry.identity.kind,
        groups: ordered(&entry.identity.groups),
        acts_for: Some(Box::new(person)),
    })
}

fn ordered(groups: &[String]) -> Vec<String> {
    let mut groups = groups.to_vec();
    groups.sort();
    groups.dedup();
    groups
}

/// The identity of that name with its delegators in full, `depth` of them at most.
fn stand(
    name: &str,
    entries: &HashMap<&str, &Entry>,
    twice: &[&str],
    depth: usize,
) -> Result<Identity, Bar> {
    let entry = entries.get(name).ok_or(Bar::DelegatorUnfit)?;
    if twice.contains(&name) {
        return Err(Bar::Contradictory);
    }
    if !entry.enabled {
        return Err(Bar::Disabled);
    }
    let acts_for = match (entry.identity.kind, &entry.identity.acts_for) {
        (IdentityKind::Person | IdentityKind::Service, None) => None,
        (IdentityKind::Person | IdentityKind::Service, Some(_)) => {
            return Err(Bar::Contradictory);
        }
        (IdentityKind::Agent, None) => return Err(Bar::DelegatorUnfit),
        (IdentityKind::Agent, Some(delegator)) => {
            let depth = depth.checked_sub(1).ok_or(Bar::DelegatorUnfit)?;
            let delegator = stand(delegator.name.as_str(), entries, twice, depth)
                .map_err(|_| Bar::DelegatorUnfit)?;
            Some(Box::new(delegator))
        }
    };
    let groups = ordered(&entry.identity.groups);
    Ok(Identity { name: entry.identity.name.clone(), kind: entry.identity.kind, groups, acts_for })
}

#[cfg(test)]
mod tests;
