// SPDX-License-Identifier: Apache-2.0
//! The pods of a cluster, as far as they are read: which images they run stands in `containers`.

use super::pages::{List, PAGE};
use crate::json::select::Keep;

/// What is kept of a pod.
const POD: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    (
        "metadata",
        Keep::Members(&[("name", Keep::All), ("namespace", Keep::All), ("uid", Keep::All)]),
    ),
    (
        "spec",
        Keep::Members(&[
            ("initContainers", CONTAINERS),
            ("containers", CONTAINERS),
            ("ephemeralContainers", CONTAINERS),
            (
                "volumes",
                Keep::Elements(&Keep::Members(&[("name", Keep::All), ("image", Keep::All)])),
            ),
        ]),
    ),
    (
        "status",
        Keep::Members(&[
            ("phase", Keep::All),
            ("initContainerStatuses", STATUSES),
            ("containerStatuses", STATUSES),
            ("ephemeralContainerStatuses", STATUSES),
        ]),
    ),
]);

const CONTAINERS: Keep = Keep::Elements(&Keep::Members(&[("name", Keep::All), ("image", Keep::All)]));

const STATUSES: Keep = Keep::Elements(&Keep::Members(&[
    ("name", Keep::All),
    ("imageID", Keep::All),
    ("state", Keep::Members(&[("running", Keep::All)])),
]));

/// The list of pods, of one namespace or all.
#[must_use]
pub fn list(namespace: Option<&str>, selector: &str) -> List {
    List {
        path: match namespace {
            Some(namespace) => format!("/api/v1/namespaces/{namespace}/pods"),
            None => "/api/v1/pods".to_owned(),
        },
        api_version: "v1",
        kind: "Pod",
        selector: selector.to_owned(),
        keep: POD,
        first: PAGE,
    }
}
