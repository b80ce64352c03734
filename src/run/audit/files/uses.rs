// SPDX-License-Identifier: Apache-2.0
//! What streams, pods and views of tags in files say of images.

use super::instances::instances_in;
use super::tags::{Said, Standing, StreamTags};
use super::{Files, MAX_TROUBLES};
use crate::run::cluster::inventory::{add_pod, add_stream, add_tag};
use crate::run::unknown_lists::UnknownLists;
use crate::source::objects::{ObjectKind, Position};
use crate::text::safe;

impl Files<'_> {
    /// Reads what uses images.
    pub(super) fn gather(&mut self) {
        let mut left_out = 0_u64;
        let (mut streams, mut views, mut has_pods) = (Vec::new(), Vec::new(), false);
        for position in self.objects.positions() {
            let troubles = match self.objects.kind(position) {
                ObjectKind::Image | ObjectKind::StreamImage => continue,
                ObjectKind::Other => {
                    self.others += 1;
                    continue;
                }
                ObjectKind::Tag => {
                    views.push(position);
                    continue;
                }
                ObjectKind::Unread if self.objects.image_tag(position).is_some() => {
                    views.push(position);
                    continue;
                }
                ObjectKind::Unread => vec![self.unread(position)],
                kind => match self.objects.user(position) {
                    Ok(object) if kind == ObjectKind::Pod => {
                        has_pods = true;
                        let (of_all, others) = add_pod(&mut self.uses, &object);
                        let room = MAX_TROUBLES.saturating_sub(self.beside.len());
                        self.beside.extend(others.into_iter().take(room));
                        of_all
                    }
                    Ok(object) => {
                        streams.push(position);
                        add_stream(&mut self.uses, &object)
                    }
                    Err(trouble) => vec![trouble],
                },
            };
            for trouble in troubles {
                self.complain(trouble, &mut left_out);
            }
        }
        self.gather_views(&streams, &views, &mut left_out);
        let has_tags = !streams.is_empty() || !views.is_empty();
        // Only what tags say is handed down from lists, and what the map says of places; without any, images need not be
        // read twice.
        let unknown = match has_tags || has_pods && self.map.is_some() {
            true => {
                let (objects, mut uses) = (self.objects, std::mem::take(&mut self.uses));
                let unknown = instances_in(objects, &mut uses, &mut |trouble| self.complain(trouble, &mut left_out));
                self.uses = uses;
                unknown
            }
            false => UnknownLists::default(),
        };
        if left_out > 0 {
            self.troubles.push(format!("{left_out} more like these"));
        }
        self.uses.finish();
        let told = unknown.told(&self.uses, self.map);
        self.troubles.extend(told.demanded);
        self.beside.extend(told.others);
        if self.uses.is_full() {
            let what = "the files have more uses of images than are kept: some are left out";
            self.troubles.push(what.to_owned());
        }
    }

    /// Reads views of tags, where their streams do not say the same.
    fn gather_views(&mut self, streams: &[Position], views: &[Position], left_out: &mut u64) {
        let mut tags = StreamTags::default();
        if !views.is_empty() {
            let streams = streams.iter().filter_map(|position| self.objects.user(*position).ok());
            streams.for_each(|stream| tags.add(&stream));
        }
        for position in views {
            let is_view = self.objects.kind(*position) == ObjectKind::Tag;
            let object = match self.objects.user(*position) {
                Ok(object) => object,
                Err(trouble) => {
                    self.complain(trouble, left_out);
                    continue;
                }
            };
            let said = match is_view {
                true => Said::of_view(&object),
                false => Said::of_image_tag(&object),
            };
            let standing = tags.standing(&said);
            let mut troubles = match standing {
                Standing::Same => Vec::new(),
                _ if is_view => add_tag(&mut self.uses, &object),
                Standing::Alone => vec![self.unread(*position)],
                Standing::Other => Vec::new(),
            };
            if standing == Standing::Other {
                troubles.push(format!(
                    "{}: tag {} differs from the one in its ImageStream: the image that it points to is unknown; save \
                        both again",
                    self.objects.place_of(*position),
                    safe(said.name())
                ));
            }
            for trouble in troubles {
                self.complain(trouble, left_out);
            }
        }
    }

    fn complain(&mut self, trouble: String, left_out: &mut u64) {
        if self.troubles.len() < MAX_TROUBLES {
            self.troubles.push(trouble);
        } else {
            *left_out += 1;
        }
    }

    /// Why it is not known what an object that is not read says of images.
    fn unread(&self, position: Position) -> String {
        let place = self.objects.place_of(position);
        if let Some(tag) = self.objects.image_tag(position) {
            return format!(
                "{place}: ImageTag {} is not read on its own: what its image must be signed as is unknown; add its \
                    ImageStream (oc get imagestream -o json)",
                safe(&tag)
            );
        }
        let what = match self.objects.kind_name(position).as_str() {
            "" => "an object without a kind".to_owned(),
            kind => format!("an object of kind {}", safe(kind)),
        };
        format!(
            "{place}: {what} is not read: the images it may name are unknown; write the objects as oc get -o json does"
        )
    }
}
