//! Derives a command's parser and its specification from its argument struct.
//!
//! `#[derive(Args)]` on a struct reads its fields in order; on an enum it reads one of the variants, each of
//! which begins with a token. Neighbouring optional fields (`bool` with a token, `Option<T>`) may come in any
//! order, as Redis lets them. The same declaration gives `COMMAND DOCS`, arity and key positions: see
//! `commands::args` for the traits that the generated code implements. Of several choices the same one may come
//! again, and the last one holds; a different one is a syntax error.
//!
//! Attributes, on a field or variant, as `#[arg(…)]`:
//!
//! | attribute | meaning |
//! |---|---|
//! | `token = "EX"` | the word that introduces it, in any case |
//! | `name = "seconds"` | its name in the documentation; otherwise the field's, with dashes |
//! | `unix_time` | an integer that is a moment, for the documentation |
//! | `repeats` | an `Option` or `bool` may come again; the last one holds |
//! | `access = "OW UPDATE"` | the key's flags in `COMMAND INFO`, where the handler's type does not tell |

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Field, Fields, GenericArgument, LitStr, PathArguments, Type, Variant,
};

/// See the crate's documentation.
#[proc_macro_derive(Args, attributes(arg))]
pub fn derive_args(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<Tokens> {
    let body = match &input.data {
        Data::Struct(data) => expand_struct(&data.fields)?,
        Data::Enum(data) => expand_enum(data.variants.iter())?,
        Data::Union(_) => return Err(syn::Error::new_spanned(input, "a union has no order of arguments")),
    };
    let name = &input.ident;
    let target = if input.generics.lifetimes().next().is_some() { quote!(#name<'a>) } else { quote!(#name) };
    Ok(quote! {
        impl<'a> ::commands::args::Parse<'a> for #target {
            #body
        }
    })
}

/// What `#[arg(…)]` says.
#[derive(Default)]
struct Attributes {
    token: Option<LitStr>,
    name: Option<LitStr>,
    access: Option<LitStr>,
    unix_time: bool,
    repeats: bool,
}

impl Attributes {
    fn of(attributes: &[Attribute]) -> syn::Result<Attributes> {
        let mut found = Attributes::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("arg")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("token") {
                    found.token = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("name") {
                    found.name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("access") {
                    found.access = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("unix_time") {
                    found.unix_time = true;
                } else if meta.path.is_ident("repeats") {
                    found.repeats = true;
                } else {
                    return Err(meta.error("unknown attribute"));
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// The specification of something of type `kind` that has these attributes.
    fn spec(&self, default_name: &str, kind: &Tokens) -> Tokens {
        let name = match &self.name {
            Some(name) => name.value(),
            None => default_name.trim_start_matches("r#").replace('_', "-").to_lowercase(),
        };
        let mut spec = quote!(#kind.named(#name));
        if let Some(token) = &self.token {
            spec = quote!(#spec.with_token(#token));
        }
        if let Some(access) = &self.access {
            spec = quote!(#spec.with_access(#access));
        }
        if self.unix_time {
            spec = quote!(#spec.as_unix_time());
        }
        spec
    }
}

/// How a field is read.
enum Shape<'t> {
    /// It must be there.
    Required,
    /// `bool`: it is there or not.
    Flag,
    /// `Option<T>`
    Optional(&'t Type),
}

fn shape(field: &Field) -> Shape<'_> {
    let Type::Path(path) = &field.ty else { return Shape::Required };
    let Some(last) = path.path.segments.last() else { return Shape::Required };
    if last.ident == "bool" {
        return Shape::Flag;
    }
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) if last.ident == "Option" => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => Shape::Optional(inner),
            _ => Shape::Required,
        },
        _ => Shape::Required,
    }
}

fn expand_struct(fields: &Fields) -> syn::Result<Tokens> {
    let mut specs = Vec::new();
    let mut reads = Vec::new();
    let mut names = Vec::new();
    let mut keys = Vec::new();
    let mut options: Vec<Tokens> = Vec::new();
    let flush = |options: &mut Vec<Tokens>, reads: &mut Vec<Tokens>| {
        if !options.is_empty() {
            let arms = std::mem::take(options);
            reads.push(quote! {
                while let Some(word) = parser.peek() {
                    #(#arms)*
                    break;
                }
            });
        }
    };
    for field in fields {
        let attributes = Attributes::of(&field.attrs)?;
        let Some(name) = &field.ident else {
            return Err(syn::Error::new_spanned(field, "arguments have names"));
        };
        let ty = &field.ty;
        specs.push(attributes.spec(&name.to_string(), &quote!(<#ty as ::commands::args::Parse<'a>>::SPEC)));
        names.push(name.clone());
        let token = attributes.token.as_ref();
        match shape(field) {
            Shape::Flag => {
                let Some(token) = token else {
                    return Err(syn::Error::new_spanned(field, "a bool argument needs a token"));
                };
                reads.insert(0, quote!(let mut #name = false;));
                options.push(quote! {
                    if word.eq_ignore_ascii_case(#token.as_bytes()) {
                        parser.skip();
                        #name = true;
                        continue;
                    }
                });
            }
            Shape::Optional(inner) => {
                reads.insert(0, quote!(let mut #name: #ty = None;));
                let begins = match token {
                    Some(token) => quote!(word.eq_ignore_ascii_case(#token.as_bytes())),
                    None => quote!(<#inner as ::commands::args::Parse<'a>>::begins(word)),
                };
                let skip = token.map(|_| quote!(parser.skip();));
                let begins_with_token =
                    quote!(<#inner as ::commands::args::Parse<'a>>::SPEC.begins_with_token());
                let mut fresh = quote!();
                let mut before = quote!();
                let mut after = quote!();
                if token.is_some() && !attributes.repeats {
                    before = quote!(if #name.is_some() { return Err(::commands::Error::Syntax); });
                } else if !attributes.repeats {
                    fresh = quote!(&& (#name.is_none() || #begins_with_token));
                    after = quote!(if let Some(earlier) = &#name
                        && ::std::mem::discriminant(earlier) != ::std::mem::discriminant(&value)
                    {
                        return Err(::commands::Error::Syntax);
                    });
                }
                options.push(quote! {
                    if #begins #fresh {
                        #before
                        #skip
                        let value = <#inner as ::commands::args::Parse<'a>>::parse(parser)?;
                        #after
                        #name = Some(value);
                        continue;
                    }
                });
                keys.push(quote!(if let Some(inner) = &self.#name {
                    ::commands::args::Parse::keys(inner, visit);
                }));
            }
            Shape::Required => {
                flush(&mut options, &mut reads);
                let expect = token.map(|token| quote!(parser.expect(#token)?;));
                reads.push(quote! {
                    #expect
                    let #name = <#ty as ::commands::args::Parse<'a>>::parse(parser)?;
                });
                keys.push(quote!(::commands::args::Parse::keys(&self.#name, visit);));
            }
        }
    }
    flush(&mut options, &mut reads);
    Ok(quote! {
        const SPEC: ::commands::args::Spec = ::commands::args::Spec::block(&[#(#specs),*]);

        #[inline(always)]
        fn parse(parser: &mut ::commands::args::Parser<'a>) -> ::commands::Result<Self> {
            let _ = &parser;
            #(#reads)*
            Ok(Self { #(#names),* })
        }

        fn keys(&self, visit: &mut impl FnMut(::keyspace::Key<'a>)) {
            let _ = &visit;
            #(#keys)*
        }
    })
}

fn expand_enum<'t>(variants: impl Iterator<Item = &'t Variant>) -> syn::Result<Tokens> {
    let mut specs = Vec::new();
    let mut tokens = Vec::new();
    let mut arms = Vec::new();
    let mut keys = Vec::new();
    for variant in variants {
        let attributes = Attributes::of(&variant.attrs)?;
        let name = &variant.ident;
        let Some(token) = attributes.token.clone() else {
            return Err(syn::Error::new_spanned(variant, "every choice needs a token"));
        };
        let (types, kind): (Vec<&Type>, Tokens) = match &variant.fields {
            Fields::Unit => (Vec::new(), quote!(::commands::args::Spec::TOKEN)),
            Fields::Unnamed(fields) => {
                let types: Vec<&Type> = fields.unnamed.iter().map(|field| &field.ty).collect();
                let kind = match types.as_slice() {
                    [only] => quote!(<#only as ::commands::args::Parse<'a>>::SPEC),
                    several => {
                        let parts = several.iter().enumerate().map(|(index, ty)| {
                            let name = format!("value{index}");
                            quote!(<#ty as ::commands::args::Parse<'a>>::SPEC.named(#name))
                        });
                        quote!(::commands::args::Spec::block(&[#(#parts),*]))
                    }
                };
                (types, kind)
            }
            Fields::Named(_) => {
                return Err(syn::Error::new_spanned(variant, "a choice carries unnamed arguments"));
            }
        };
        specs.push(attributes.spec(&token.value(), &kind));
        let values: Vec<_> = (0..types.len()).map(|index| format_ident!("value{index}")).collect();
        let build = if values.is_empty() { quote!(Self::#name) } else { quote!(Self::#name(#(#values),*)) };
        arms.push(quote! {
            if word.eq_ignore_ascii_case(#token.as_bytes()) {
                #(let #values = <#types as ::commands::args::Parse<'a>>::parse(parser)?;)*
                return Ok(#build);
            }
        });
        if !values.is_empty() {
            keys.push(quote!(Self::#name(#(#values),*) => {
                #(::commands::args::Parse::keys(#values, visit);)*
            }));
        }
        tokens.push(token);
    }
    Ok(quote! {
        const SPEC: ::commands::args::Spec = ::commands::args::Spec::one_of(&[#(#specs),*]);

        fn begins(word: &[u8]) -> bool {
            false #(|| word.eq_ignore_ascii_case(#tokens.as_bytes()))*
        }

        fn parse(parser: &mut ::commands::args::Parser<'a>) -> ::commands::Result<Self> {
            let word = parser.next()?;
            #(#arms)*
            Err(::commands::Error::Syntax)
        }

        fn keys(&self, visit: &mut impl FnMut(::keyspace::Key<'a>)) {
            let _ = &visit;
            #[allow(unreachable_patterns)]
            match self {
                #(#keys)*
                _ => {}
            }
        }
    })
}
