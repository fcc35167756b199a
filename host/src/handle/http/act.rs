//! The act: one request, from what the guest wants to what comes back.

use std::net::IpAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response, StatusCode};

use super::client::{Client, Web};
use super::deed::Deed;
use super::destination::Target;
use super::download::Download;
use super::exchange::{NoResponse, Way};
use super::failure::{Failure, SendError};
use super::head;
use super::limits::Limits;
use super::place::Place;
use super::searchable::is_searchable;
use super::upload::{GuestBody, Upload};
use super::whole;
use crate::base::id::Name;
use crate::base::text;
use crate::gate::call::{Call, Span};
use crate::gate::pass::Note;
use crate::gate::refusal::Refused;
use crate::handle::secrets::inject::{self, NotInjected};
use crate::rules::access::{Access, Object, Unreachable};
use crate::rules::config::{SecretPlace, SecretUse};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::rules::verdict::ReasonCode;
use crate::store::audit::record::Status;

/// The longest URL that is judged and recorded, in bytes. Its path always fits; a long query is cut.
const MAX_URL: usize = 2_048;

/// Sends `request` and gives the response once its head has come. Each chunk of its body is judged anew as
/// it goes; redirects are given back as they are; nothing is tried twice.
///
/// Once the gate has let it, it happens in a task of its own: dropping this future neither takes it back
/// nor hides what came of it.
///
/// # Errors
/// [`SendError::Refused`], which is on record, or [`SendError::Failed`] where it was let and did not work.
pub async fn send(
    call: &Arc<Call>,
    client: &Client,
    request: Request<GuestBody>,
    limits: Limits,
) -> Result<Response<Download>, SendError> {
    call.catch_up().await;
    let (mut parts, body) = request.into_parts();
    let wanted = Wanted::of(call, &mut parts)?;
    let Wanted {
        place,
        target,
        verb,
        length,
    } = wanted;
    if !limits.fit(&parts.headers) {
        return Err(SendError::Failed(Failure::RequestHeaders));
    }
    let mut access = Access {
        handle: Handle::Http,
        need: place.need.clone(),
        verbs: Verbs::one(verb),
        object: Object::Request {
            content: None,
            data: place.data.clone(),
            method: parts.method.to_string(),
            url: shown(&target),
        },
        is_folder: false,
    };
    if let Err(why) = may_inject(&place, &parts) {
        return Err(call
            .refuse_always(&access, ReasonCode::Secret, &why.to_string())
            .into());
    }
    // Before the verdict: nothing may lie between that and the act.
    let turn = Arc::clone(&client.turns).acquire_owned();
    let turn = tokio::time::timeout(limits.header, turn)
        .await
        .ok()
        .and_then(Result::ok)
        .ok_or(SendError::Failed(Failure::Busy))?;
    let (mut body, mut length) = (body, length);
    if call.would_ask(&access) {
        let whole = whole::read(call, &access, &target, body, length, limits).await?;
        access.object = whole::object(call, &access, &parts, &whole, &place.secrets)?;
        length = Some(whole.len() as u64);
        body = whole::body(whole);
    }
    let pass = call.judge(access, Span::Held).await?;
    let principal = call.session().principal();
    let way = place.way(target, principal, &client.web.folder, limits);
    let deed = Arc::new(Deed::new(pass, turn));
    let act = Act {
        call: Arc::clone(call),
        web: Arc::clone(&client.web),
        deed: Arc::clone(&deed),
        way,
        data: place.data,
        secrets: place.secrets,
    };
    let upload = Upload::new(body, deed, limits.request_bytes, length);
    let task = tokio::spawn(act.run(parts, upload));
    task.await
        .unwrap_or(Err(SendError::Failed(Failure::Closed)))
}

/// What the guest wants, and the grant that it is for.
struct Wanted {
    place: Place,
    target: Target,
    verb: Verb,
    length: Option<u64>,
}

impl Wanted {
    fn of(call: &Call, parts: &mut Parts) -> Result<Self, Refused> {
        let verb = head::verb(&parts.method);
        let asked = text::shorten(&format!("{} {}", parts.method, parts.uri), MAX_URL);
        let bad = |why: &str| {
            let object = |data| Object::Unreachable {
                asked: asked.clone(),
                data,
                why: Unreachable::BadTarget,
            };
            let access = unplaced(call, verb.unwrap_or(Verb::Post), object);
            call.refuse_always(&access, ReasonCode::Unreachable, why)
        };
        let uri = &parts.uri;
        let target = Target::parse(
            uri.scheme_str().unwrap_or_default(),
            uri.authority().map_or("", |authority| authority.as_str()),
            uri.path_and_query().map_or("", |path| path.as_str()),
        )
        .map_err(|why| bad(&why.to_string()))?;
        let length =
            head::clean(&mut parts.headers, &target).map_err(|why| bad(&why.to_string()))?;
        let verb = verb.ok_or_else(|| bad("no grant can give this method"))?;
        let principal = call.session().principal();
        let place = Place::find(call.scope(), principal, &target, verb).ok_or_else(|| {
            let object = |data| Object::Request {
                content: None,
                data,
                method: parts.method.to_string(),
                url: shown(&target),
            };
            let why = format!("no grant of the plugin is for `{}`", target.origin());
            let access = unplaced(call, verb, object);
            call.refuse_always(&access, ReasonCode::NoGrant, &why)
        })?;
        if place.is_by_path() && target.ambiguous {
            return Err(bad(
                "the grant is for some paths, and servers read this one differently",
            ));
        }
        // What is sent is what is judged.
        parts.uri = http::Uri::try_from(&target.path_and_query)
            .map_err(|_| bad("the path cannot be sent"))?;
        Ok(Self {
            place,
            target,
            verb,
            length,
        })
    }
}

/// An access that is for no grant that could be found. It is told of the plugin's first need.
fn unplaced(call: &Call, verb: Verb, object: impl FnOnce(Name) -> Object) -> Access {
    let (need, data) = call.scope().http().next().map_or_else(
        || (call.scope().plugin().clone(), None),
        |one| {
            let given = one.grant.map(|given| given.grant.data.name.clone());
            (one.need.clone(), given)
        },
    );
    Access {
        handle: Handle::Http,
        verbs: Verbs::one(verb),
        object: object(data.unwrap_or_else(|| need.clone())),
        need,
        is_folder: false,
    }
}

fn may_inject(place: &Place, parts: &Parts) -> Result<(), NotInjected> {
    if let Some(first) = place.secrets.first()
        && !place.is_one_host()
    {
        return Err(NotInjected::Unfit(first.secret.clone()));
    }
    inject::check(parts, &place.secrets)
}

fn shown(target: &Target) -> String {
    text::shorten(&target.to_string(), MAX_URL)
}

/// A request that was allowed.
struct Act {
    call: Arc<Call>,
    web: Arc<Web>,
    deed: Arc<Deed>,
    way: Way,
    data: Name,
    secrets: Vec<SecretUse>,
}

impl Act {
    async fn run(self, parts: Parts, upload: Upload) -> Result<Response<Download>, SendError> {
        let work = self.exchange(parts, upload);
        let Some(done) = self.call.cancel_token().or_cancelled(work).await else {
            self.deed.fail(Failure::Cancelled);
            return Err(Refused.into());
        };
        done.map_err(|why| match why {
            NoResponse::Failed(failure) => {
                self.deed.fail(failure);
                SendError::Failed(failure)
            }
            NoResponse::Refused => {
                self.deed.end(Status::Refused, Some("refused"));
                Refused.into()
            }
            NoResponse::NotPublic(address) => self.not_public(address).into(),
        })
    }

    async fn exchange(
        &self,
        mut parts: Parts,
        upload: Upload,
    ) -> Result<Response<Download>, NoResponse> {
        // First of all: without its secret, not even a connection is made.
        let ready = self.fetch().await?;
        let open = self.web.lines.connect(&self.way, false).await?;
        let mut mask = None;
        if let Some(ready) = &ready {
            let put = ready
                .put(&mut parts)
                .map_err(|why| self.not_injected(&why))?;
            mask = Some(Arc::new(put));
            for name in ready.names() {
                self.deed.note(Note::Secret(name.clone()));
            }
        }
        // Connecting took its time: the call may have seen more by now.
        self.deed
            .pass()
            .recheck()
            .map_err(|_| NoResponse::Refused)?;
        let request = Request::from_parts(parts, upload);
        let lines = &self.web.lines;
        let response = lines.exchange(&self.way, open, request, &self.deed).await?;
        let (mut head, body) = response.into_parts();
        self.deed.note(Note::Code(head.status.as_u16()));
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Failure::Protocol.into());
        }
        if !self.way.limits.fit(&head.headers) {
            return Err(Failure::ResponseHeaders.into());
        }
        if let Some(mask) = &mask {
            if !is_searchable(&head) {
                return Err(Failure::Unsearchable.into());
            }
            for one in &self.secrets {
                if let SecretPlace::Header { name, .. } = &one.place {
                    head.headers.remove(name.as_str());
                }
            }
            mask.headers(&mut head.headers);
        }
        let deed = Arc::clone(&self.deed);
        let body = Download::new(body, deed, self.way.limits, mask);
        // What belongs to the connection stays behind.
        head.extensions.clear();
        Ok(Response::from_parts(head, body))
    }

    /// The secrets that go along; none where none do.
    async fn fetch(&self) -> Result<Option<inject::Ready>, NoResponse> {
        if self.secrets.is_empty() {
            return Ok(None);
        }
        let (uses, vault) = (self.secrets.clone(), Arc::clone(&self.web.vault));
        let fetched = tokio::task::spawn_blocking(move || inject::fetch(&uses, &vault)).await;
        match fetched {
            Ok(Ok(ready)) => Ok(Some(ready)),
            Ok(Err(why)) => Err(self.not_injected(&why)),
            Err(_) => Err(NoResponse::Refused),
        }
    }

    fn not_injected(&self, why: &NotInjected) -> NoResponse {
        let access = self.deed.pass().access();
        self.deed.end(Status::Refused, Some("secret"));
        let text = why.to_string();
        self.call.refuse_always(access, ReasonCode::Secret, &text);
        NoResponse::Refused
    }

    fn not_public(&self, address: IpAddr) -> Refused {
        self.deed.note(Note::Peer(address.to_string()));
        self.deed.end(Status::Refused, Some("not-public"));
        let origin = self.way.target.origin();
        let text = format!(
            "`{origin}` leads to {address}, which is not public; if that is meant, add it to `addresses` of \
             [data.{}]",
            self.data
        );
        let access = Access {
            object: Object::Unreachable {
                asked: shown(&self.way.target),
                data: self.data.clone(),
                why: Unreachable::NotPublic,
            },
            ..self.deed.pass().access().clone()
        };
        self.call
            .refuse_always(&access, ReasonCode::Unreachable, &text)
    }
}
