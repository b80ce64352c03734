// SPDX-License-Identifier: Apache-2.0
//! Where a source file can be wrong in a usual way, with a switch at each place.

use std::collections::HashSet;

use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{parse_quote, BinOp, Block, Expr, GenericArgument, PathArguments, ReturnType, Stmt, Type, UnOp};

/// One way in which the program can be wrong.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The number that turns it on.
    pub number: usize,
    /// The source file, from the root.
    pub file: String,
    /// The line in the file, counted from 1.
    pub line: usize,
    /// The function that the line is in.
    pub function: String,
    /// What is made wrong there, in words.
    pub what: String,
}

/// Puts switches into a file.
pub struct Sites<'a> {
    file: &'a str,
    functions: Vec<String>,
    /// Those that do not compile, by their numbers: no switch is there.
    without: &'a HashSet<usize>,
    next: usize,
    /// Those that were put in.
    pub found: Vec<Mutant>,
}

impl<'a> Sites<'a> {
    /// Switches in the text of `file`, with numbers from `first` on.
    pub fn new(file: &'a str, first: usize, without: &'a HashSet<usize>) -> Self {
        Self {
            file,
            functions: Vec::new(),
            without,
            next: first,
            found: Vec::new(),
        }
    }

    /// The number that comes after all of this file.
    pub fn next(&self) -> usize {
        self.next
    }

    /// The switch of a new mutant, or nothing where it is one that does not compile.
    fn switch(&mut self, span: proc_macro2::Span, what: impl Into<String>) -> Option<Expr> {
        let number = self.next;
        self.next += 1;
        if self.without.contains(&number) {
            return None;
        }
        self.found.push(Mutant {
            number,
            file: self.file.to_owned(),
            line: span.start().line,
            function: self.functions.join("::"),
            what: what.into(),
        });
        Some(parse_quote!(crate::mutant(#number)))
    }

    /// A condition that may be taken for true, and for false.
    fn condition(&mut self, condition: &mut Expr, span: proc_macro2::Span) {
        if holds_let(condition) {
            return;
        }
        let yes = self.switch(span, "the condition is true");
        let no = self.switch(span, "the condition is false");
        let old = condition.clone();
        if let Some(yes) = yes {
            *condition = parse_quote!((#yes || (#old)));
        }
        if let Some(no) = no {
            let old = condition.clone();
            *condition = parse_quote!((!#no && #old));
        }
    }

    /// What a function may give instead of its value.
    fn body(&mut self, output: &ReturnType, block: &mut Block, span: proc_macro2::Span) {
        let mut values: Vec<(&str, Expr)> = Vec::new();
        match output {
            ReturnType::Default => values.push(("does nothing", parse_quote!(()))),
            ReturnType::Type(_, output) => match name(output).as_deref() {
                Some("bool") => {
                    values.push(("gives true", parse_quote!(true)));
                    values.push(("gives false", parse_quote!(false)));
                }
                Some("Option") => values.push(("gives None", parse_quote!(None))),
                Some("Vec") => values.push(("gives an empty Vec", parse_quote!(Vec::new()))),
                Some("String") => values.push(("gives an empty String", parse_quote!(String::new()))),
                Some("usize" | "u64" | "u32" | "u16" | "u8") => {
                    values.push(("gives 0", parse_quote!(0)));
                    values.push(("gives 1", parse_quote!(1)));
                }
                Some("Result") => match argument(output).map(|inner| (name(&inner), inner)) {
                    Some((_, Type::Tuple(unit))) if unit.elems.is_empty() => {
                        values.push(("gives Ok", parse_quote!(Ok(()))));
                    }
                    Some((Some(inner), _)) => match inner.as_str() {
                        "bool" => {
                            values.push(("gives Ok(true)", parse_quote!(Ok(true))));
                            values.push(("gives Ok(false)", parse_quote!(Ok(false))));
                        }
                        "Option" => values.push(("gives Ok(None)", parse_quote!(Ok(None)))),
                        "Vec" => values.push(("gives an empty Vec", parse_quote!(Ok(Vec::new())))),
                        _ => {}
                    },
                    _ => {}
                },
                _ => {}
            },
        }
        for (what, value) in values.into_iter().rev() {
            if let Some(switch) = self.switch(span, format!("the function {what}")) {
                block.stmts.insert(0, parse_quote!(if #switch { return #value; }));
            }
        }
    }

    fn function(&mut self, signature: &syn::Signature, attributes: &[syn::Attribute], block: &mut Block) {
        if signature.constness.is_some() || is_test(attributes) {
            return;
        }
        self.functions.push(signature.ident.to_string());
        visit_mut::visit_block_mut(self, block);
        self.body(&signature.output, block, signature.ident.span());
        self.functions.pop();
    }
}

impl VisitMut for Sites<'_> {
    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        let (signature, attributes) = (item.sig.clone(), item.attrs.clone());
        self.function(&signature, &attributes, &mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        let (signature, attributes) = (item.sig.clone(), item.attrs.clone());
        self.function(&signature, &attributes, &mut item.block);
    }

    fn visit_trait_item_fn_mut(&mut self, item: &mut syn::TraitItemFn) {
        let (signature, attributes) = (item.sig.clone(), item.attrs.clone());
        if let Some(block) = &mut item.default {
            self.function(&signature, &attributes, block);
        }
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if of.is_some_and(|of| of.ident == "Debug") {
            return;
        }
        self.functions.push(name(&item.self_ty).unwrap_or_default());
        visit_mut::visit_item_impl_mut(self, item);
        self.functions.pop();
    }

    fn visit_item_mod_mut(&mut self, item: &mut syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit_mut::visit_item_mod_mut(self, item);
        }
    }

    // Values of the compiler.
    fn visit_item_const_mut(&mut self, _: &mut syn::ItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut syn::ItemStatic) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_type_mut(&mut self, _: &mut Type) {}
    fn visit_pat_mut(&mut self, _: &mut syn::Pat) {}
    fn visit_item_enum_mut(&mut self, _: &mut syn::ItemEnum) {}
    fn visit_expr_repeat_mut(&mut self, _: &mut syn::ExprRepeat) {}

    fn visit_expr_if_mut(&mut self, part: &mut syn::ExprIf) {
        // What is put in has no place of its own.
        let span = part.if_token.span;
        visit_mut::visit_expr_if_mut(self, part);
        self.condition(&mut part.cond, span);
    }

    fn visit_expr_while_mut(&mut self, part: &mut syn::ExprWhile) {
        let span = part.while_token.span;
        visit_mut::visit_expr_while_mut(self, part);
        if !holds_let(&part.cond) {
            if let Some(no) = self.switch(span, "the loop is never entered") {
                let old = part.cond.clone();
                *part.cond = parse_quote!((!#no && (#old)));
            }
        }
    }

    fn visit_expr_match_mut(&mut self, part: &mut syn::ExprMatch) {
        visit_mut::visit_expr_match_mut(self, part);
        let last = part.arms.last();
        let falls = last.is_some_and(|arm| arm.guard.is_none() && takes_all(&arm.pat));
        let count = part.arms.len();
        for (at, arm) in part.arms.iter_mut().enumerate() {
            if let Some((token, guard)) = &mut arm.guard {
                self.condition(guard, token.span);
            } else if falls && at + 1 < count {
                if let Some(no) = self.switch(arm.pat.span(), "the arm is left out") {
                    arm.guard = Some((Default::default(), parse_quote!(!#no)));
                }
            }
        }
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let span = statement.span();
        visit_mut::visit_stmt_mut(self, statement);
        let Stmt::Expr(expression, Some(_)) = statement else {
            return;
        };
        let may_go = match expression {
            Expr::MethodCall(_) | Expr::Call(_) | Expr::Try(_) | Expr::Assign(_) => true,
            Expr::Binary(part) => is_assignment(&part.op),
            _ => false,
        };
        if may_go {
            if let Some(switch) = self.switch(span, "the statement is left out") {
                let old = expression.clone();
                *statement = parse_quote!(if !#switch { #old; });
            }
        }
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        visit_mut::visit_expr_mut(self, expression);
        match expression {
            Expr::Binary(part) => {
                let part = part.clone();
                let (left, right, span) = (&part.left, &part.right, part.op.span());
                if holds_let(left) || holds_let(right) || is_switch(left) {
                    return;
                }
                match &part.op {
                    BinOp::And(_) | BinOp::Or(_) => {
                        let is_and = matches!(part.op, BinOp::And(_));
                        let what = if is_and { "&& is ||" } else { "|| is &&" };
                        if let Some(switch) = self.switch(span, what) {
                            *expression = if is_and {
                                parse_quote!(({ let left: bool = #left; if #switch != left { #right } else { left } }))
                            } else {
                                parse_quote!(({ let left: bool = #left; if #switch != left { left } else { #right } }))
                            };
                        }
                    }
                    operator => {
                        for (other, what) in others(operator) {
                            let Some(switch) = self.switch(span, what) else {
                                continue;
                            };
                            let old = expression.clone();
                            let is_comparison = matches!(
                                operator,
                                BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_)
                            );
                            // What is compared has no effects here.
                            *expression = if is_comparison {
                                parse_quote!((if #switch { (#left) #other (#right) } else { #old }))
                            } else {
                                parse_quote!((match (#left, #right) {
                                    (left, right) => if #switch { left #other right } else { left #operator right }
                                }))
                            };
                            if !is_comparison {
                                break;
                            }
                        }
                    }
                }
            }
            Expr::Unary(part) if matches!(part.op, UnOp::Not(_)) && !is_switch(&part.expr) => {
                let inner = part.expr.clone();
                if let Some(switch) = self.switch(part.op.span(), "the ! is left out") {
                    *expression = parse_quote!((#switch == (#inner)));
                }
            }
            _ => {}
        }
    }
}

/// What may stand for an operator.
fn others(operator: &BinOp) -> Vec<(BinOp, &'static str)> {
    match operator {
        BinOp::Eq(_) => vec![(parse_quote!(!=), "== is !=")],
        BinOp::Ne(_) => vec![(parse_quote!(==), "!= is ==")],
        BinOp::Lt(_) => vec![(parse_quote!(<=), "< is <="), (parse_quote!(>), "< is >")],
        BinOp::Le(_) => vec![(parse_quote!(<), "<= is <"), (parse_quote!(>), "<= is >")],
        BinOp::Gt(_) => vec![(parse_quote!(>=), "> is >="), (parse_quote!(<), "> is <")],
        BinOp::Ge(_) => vec![(parse_quote!(>), ">= is >"), (parse_quote!(<), ">= is <")],
        BinOp::Add(_) => vec![(parse_quote!(-), "+ is -")],
        BinOp::Sub(_) => vec![(parse_quote!(+), "- is +")],
        BinOp::Mul(_) => vec![(parse_quote!(+), "* is +")],
        BinOp::Div(_) => vec![(parse_quote!(*), "/ is *")],
        BinOp::Rem(_) => vec![(parse_quote!(/), "% is /")],
        BinOp::Shl(_) => vec![(parse_quote!(>>), "<< is >>")],
        BinOp::Shr(_) => vec![(parse_quote!(<<), ">> is <<")],
        BinOp::BitAnd(_) => vec![(parse_quote!(|), "& is |")],
        BinOp::BitOr(_) => vec![(parse_quote!(&), "| is &")],
        _ => Vec::new(),
    }
}

fn is_assignment(operator: &BinOp) -> bool {
    matches!(
        operator,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::ShlAssign(_)
    )
}

/// `let` in a condition: what it binds is used behind it.
fn holds_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(part) => holds_let(&part.left) || holds_let(&part.right),
        Expr::Paren(part) => holds_let(&part.expr),
        _ => false,
    }
}

/// The switch of a mend, or its opposite.
fn is_switch(expression: &Expr) -> bool {
    match expression {
        Expr::Unary(part) => is_switch(&part.expr),
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "mutant"),
            _ => false,
        },
        _ => false,
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
    })
}

/// A pattern that everything fits: `_`, or a name of a value (those of variants begin with a capital).
fn takes_all(pattern: &syn::Pat) -> bool {
    match pattern {
        syn::Pat::Wild(_) => true,
        syn::Pat::Ident(name) => name.ident.to_string().starts_with(char::is_lowercase),
        _ => false,
    }
}

/// The last part of a type's path.
fn name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

/// The first type within the brackets of a type.
fn argument(of: &Type) -> Option<Type> {
    let Type::Path(path) = of else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return Some(parse_quote!(()));
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    }
}
