// SPDX-License-Identifier: Apache-2.0
//! Policies made at random for images of a registry: each as this program reads it, and as Debian's skopeo does.

use std::fs;

use base64::Engine as _;
use serde_json::{json, Map, Value};

use super::policies::Dice;
use super::registry_policies::{Town, UPSTREAM};

impl Town {
    /// A rule of each type, and none.
    fn identity(&self, dice: &mut Dice) -> Option<Value> {
        let repository = |reference: &str| {
            let name = reference.split('@').next().unwrap();
            let at = name.rfind('/').unwrap();
            name[at..]
                .find(':')
                .map_or(name, |colon| &name[..at + colon])
                .to_owned()
        };
        // Every other time something that was asked for.
        let any = match dice.below(2) {
            0 => &self.asked[dice.below(self.asked.len())],
            _ => &self.signed[dice.below(self.signed.len())],
        };
        let rule = match dice.below(8) {
            0 => return None,
            1 => json!({"type": "matchExact"}),
            2 => json!({"type": "matchRepoDigestOrExact"}),
            3 => json!({"type": "matchRepository"}),
            4 if *any != repository(any) => json!({"type": "exactReference", "dockerReference": any}),
            4 | 5 => json!({"type": "exactRepository", "dockerRepository": repository(any)}),
            _ => {
                let address = &self.address;
                let prefixes = [
                    (address.clone(), UPSTREAM.to_owned()),
                    (format!("{address}/foo"), UPSTREAM.to_owned()),
                    (format!("{address}/foo"), format!("{UPSTREAM}/foo")),
                    (format!("{address}/foo/bar"), format!("{UPSTREAM}/foo/bar")),
                    (format!("{address}/fo"), UPSTREAM.to_owned()),
                    (UPSTREAM.to_owned(), address.clone()),
                ];
                let (prefix, signed) = &prefixes[dice.below(prefixes.len())];
                json!({"type": "remapIdentity", "prefix": prefix, "signedPrefix": signed})
            }
        };
        Some(rule)
    }

    /// A requirement as this program reads it, and as Debian's skopeo does.
    fn requirement(&self, dice: &mut Dice) -> (Value, Value) {
        match dice.below(14) {
            0 => return twice(json!({"type": "reject"})),
            1 => return twice(json!({"type": "insecureAcceptAnything"})),
            2 if dice.below(3) == 0 => {
                return twice(json!({"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}}));
            }
            _ => {}
        }
        let mut rule = json!({"type": "signedBy", "keyType": "GPGKeys"});
        if let Some(identity) = self.identity(dice) {
            rule["signedIdentity"] = identity;
        }
        let mut older = rule.clone();
        let file = &self.keys[dice.below(self.keys.len())];
        match dice.below(3) {
            0 => {
                rule["keyPaths"] = json!(self.keys[..3]);
                older["keyPath"] = json!(self.keys[3]);
            }
            1 => {
                let data = base64::engine::general_purpose::STANDARD.encode(fs::read(file).unwrap());
                rule["keyData"] = data.clone().into();
                older["keyData"] = data.into();
            }
            _ => {
                rule["keyPath"] = json!(file);
                older["keyPath"] = json!(file);
            }
        }
        (rule, older)
    }

    /// One to three of them.
    fn requirements(&self, dice: &mut Dice) -> (Value, Value) {
        let count = [1, 1, 1, 2, 2, 3][dice.below(6)];
        let (own, older): (Vec<Value>, Vec<Value>) = (0..count).map(|_| self.requirement(dice)).unzip();
        (own.into(), older.into())
    }

    /// A policy with scopes that apply, that nearly do, and that do not.
    pub(super) fn policy(&self, dice: &mut Dice, asked: &str) -> (Value, Value) {
        let address = &self.address;
        let scopes = [
            asked.to_owned(),
            format!("{address}/foo/bar"),
            format!("{address}/foo/bar:v1"),
            format!("{address}/foo"),
            address.clone(),
            "*.0.0.1".to_owned(),
            "*.0.1".to_owned(),
            "*.1".to_owned(),
            String::new(),
            // None of these ever applies.
            "127.0.0.1".to_owned(),
            format!("{address}/"),
            format!("{address}/fo"),
            format!("{address}/Foo"),
            "*".to_owned(),
            format!("docker.io/{address}/foo"),
        ];
        let (mut own, mut older) = (Map::new(), Map::new());
        for _ in 0..dice.below(4) {
            let scope = &scopes[dice.below(scopes.len())];
            let (one, other) = self.requirements(dice);
            own.insert(scope.clone(), one);
            older.insert(scope.clone(), other);
        }
        let (one, other) = self.requirements(dice);
        let whole = |default: Value, scopes: Map<String, Value>| {
            let elsewhere = json!({"": [{"type": "reject"}]});
            json!({"default": default, "transports": {"docker": scopes, "dir": elsewhere, "atomic": elsewhere}})
        };
        (whole(one, own), whole(other, older))
    }
}

fn twice(value: Value) -> (Value, Value) {
    (value.clone(), value)
}
