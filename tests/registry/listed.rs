// SPDX-License-Identifier: Apache-2.0
//! Names of images in the wrong place or form: lines of a list, and the place of a file.

use crate::registry::town::Town;

/// Each line that names none is told with its place, and with what is wrong in it.
#[test]
fn a_line_of_a_list_in_another_form() {
    let town = Town::new();
    let image = "docker://r.example.com/a:v1";
    for (line, words) in [
        (
            format!("{image} a b"),
            "expected an image and its identity, found 3 words",
        ),
        (
            format!("{image}=r.example.com/a:v1"),
            "with white space between them and no equals sign",
        ),
        ("image: r.example.com/a:v1".to_owned(), "is not a valid tag"),
        ("istag r.example.com/a:v1".to_owned(), "istag/STREAM:TAG"),
    ] {
        town.sandbox.file("list", format!("# images\n{line}\n"));
        town.verify(&["--images-from", "list"])
            .expect_usage(words)
            .expect_usage("list, line 2: ");
    }
}

/// The name of an image in the place of a file's is not a place that could not be asked.
#[test]
fn an_image_is_no_file_with_objects() {
    let town = Town::new();
    for (image, words) in [
        (
            "docker://r.example.com/a:v1",
            "an image in a registry is given without --filename",
        ),
        ("dir:image", "a directory that skopeo wrote is given without --filename"),
    ] {
        town.verify(&["-f", image]).expect_usage(words);
        town.sandbox.run(["audit", "-f", image]).expect_usage(words);
    }
}
