// SPDX-License-Identifier: Apache-2.0
//! Manifest lists among the objects of files.

use std::collections::BTreeSet;

use crate::audit::uses::Uses;
use crate::digest::Digest;
use crate::run::instances::{of_object, united};
use crate::run::unknown_lists::UnknownLists;
use crate::source::objects::ObjectFiles;

/// Notes which images are instances of which lists, so that what is expected of a list comes to them, whether or not
/// something else names them. The lists that do not say it come back; of what cannot be read it is said that it may be one.
pub(super) fn instances_in(objects: &ObjectFiles, uses: &mut Uses, complain: &mut dyn FnMut(String)) -> UnknownLists {
    let mut lists = BTreeSet::new();
    let positions = objects.positions();
    for position in positions.filter(|position| !objects.is_of_other_kind(*position)) {
        let own = objects.load(position);
        match own.loaded {
            Ok(loaded) if of_object(&loaded.object).may_be_list() => {
                lists.insert(own.image_name);
            }
            Ok(_) => {}
            Err(refusal) => {
                let why = refusal.message;
                complain(format!("{why}; its instances are unknown"));
            }
        }
    }
    let mut unknown = UnknownLists::default();
    for name in lists {
        let Ok(list) = Digest::parse(&name) else {
            continue;
        };
        // It may stand there several times, as an object and in views of it.
        let all = objects.showing(&name);
        let all = all.filter_map(|position| objects.load(position).loaded.ok());
        let said = united(&name, all.map(|own| of_object(&own.object)).collect());
        for instance in said.named {
            uses.add_instance(&list, &instance);
        }
        if let Some(trouble) = said.trouble {
            unknown.add(&list, trouble);
        }
    }
    unknown
}
