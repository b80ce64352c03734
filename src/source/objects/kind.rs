// SPDX-License-Identifier: Apache-2.0
//! What objects are, as far as it matters for images.

/// The kinds of objects that hold an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// An Image, on which records stand.
    Image,
    /// An ImageStreamTag: a view of an Image, for reading only.
    Tag,
    /// An ImageStreamImage: a view too.
    StreamImage,
    /// An ImageStream, which uses images.
    Stream,
    /// A Pod, which runs images.
    Pod,
    /// What may hold any of these and is not read: a list too deep in lists, an element of a list that does not say what
    /// it is, what a server answers in place of a list.
    Unread,
    /// A kind that has no image.
    Other,
}
