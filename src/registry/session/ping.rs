// SPDX-License-Identifier: Apache-2.0
//! The first request to a registry, which says how it wants to be asked. Nothing is shown to it yet
//! in this session, but maybe in another one.

use crate::http::url::Url;
use crate::http::Response;
use crate::registry::authorization::MAX_SMALL;
use crate::registry::clients::{Clients, Question};
use crate::registry::network::Reach;
use crate::registry::redirect::{self, is_redirect, MAX_REDIRECTS};
use crate::registry::said;
use crate::registry::sent::Sent;
use crate::registry::served::is_page;
use crate::registry::trouble::Trouble;
use crate::registry::url_text::is_same;
use crate::text::place::shown;

/// The answer of a registry, and whether it is its own: another server to which the registry redirects says nothing of the
/// logins that the registry wants to see.
pub(super) fn ping(
    clients: &mut Clients<'_>,
    base: &Url,
    unverified: bool,
    sent: &Sent,
) -> Result<(Response, bool), Trouble> {
    let (mut url, mut server) = (format!("{base}/v2/"), base.clone());
    let mut redirects = 0;
    let mut by: Option<String> = None;
    loop {
        let is_own = is_same(&server, base);
        let reach = if is_own {
            Reach::of_registry(unverified)
        } else {
            redirect::reach(base, &server)
        };
        let question = Question {
            url: &url,
            accept: "application/json",
            headers: &[],
            form: None,
            limit: MAX_SMALL,
            sent: by.as_deref().filter(|_| !is_own),
        };
        let response = clients.ask(&server, reach, question)?;
        if !is_redirect(&response) {
            return answer(shown(&url), response, sent).map(|response| (response, is_own));
        }
        let wrong = |what: String| Trouble::Wrong { url: shown(&url), what };
        if redirects == MAX_REDIRECTS {
            return Err(wrong(format!("more than {MAX_REDIRECTS} redirects")));
        }
        redirects += 1;
        if sent.is_in(response.headers.get("location").unwrap_or_default()) {
            return Err(wrong("it redirects to a URL that has the login in it".into()));
        }
        let (target, next) = redirect::target(&server, &url, &response)?;
        // A chain must not lead where the registry may not send us.
        redirect::check(base, &next, "redirects").map_err(wrong)?;
        by = Some(redirect::told(&server));
        (url, server) = (target, next);
    }
}

fn answer(url: String, response: Response, sent: &Sent) -> Result<Response, Trouble> {
    match response.status {
        200 if is_page(&response) => Err(Trouble::Page {
            url,
            wanted: "the answer of a registry",
        }),
        200 | 401 => Ok(response),
        status => {
            let mut hint = said::told(&response, |words| sent.is_in(words));
            if status == 404 {
                hint.push_str("; every registry has this page: check the host and the port");
            }
            Err(match status {
                403 => Trouble::Forbidden { url, status, hint },
                status => Trouble::Status { url, status, hint },
            })
        }
    }
}
