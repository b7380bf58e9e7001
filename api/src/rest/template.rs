//! Path templates of `google.api.http`: `/v1/{name=agencies/*/onboardings/*}:approve`.

use http::Method;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};

/// Fields and their values in a path.
pub type Variables = Vec<(String, String)>;

/// What of the request the body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyIs {
    /// Nothing.
    Nothing,
    /// The whole request.
    Request,
    /// One field.
    Field(String),
}

/// One method over HTTP.
#[derive(Clone, Debug)]
pub struct Route {
    /// Verb.
    pub verb: Method,
    /// The method.
    pub method: MethodDescriptor,
    /// What the body is.
    pub body: BodyIs,
    /// Segments; `None` is a wildcard.
    segments: Vec<Option<String>>,
    /// Variables: field, first segment, end.
    variables: Vec<(String, usize, usize)>,
    /// What follows the colon.
    action: String,
}

impl Route {
    /// The variables in a path, if it fits.
    pub fn variables(&self, path: &str) -> Option<Variables> {
        let (path, action) = split_action(path.strip_prefix('/')?);
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |(segment, part): (&Option<String>, &&str)| match segment {
            Some(literal) => literal == part,
            None => !part.is_empty(),
        };
        if action != self.action || parts.len() != self.segments.len() || !self.segments.iter().zip(&parts).all(fits) {
            return None;
        }
        // Ids are plain ASCII; an escaped character stays as it is and the id is then not known.
        Some(self.variables.iter().map(|(field, from, to)| (field.clone(), parts[*from..*to].join("/"))).collect())
    }
}

/// Every method of `berth.v1` that has a rule.
pub fn routes(pool: &DescriptorPool) -> Vec<Route> {
    let services = pool.services().filter(|service| service.package_name() == "berth.v1");
    services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .filter_map(|method| route(pool, method))
        .collect()
}

fn route(pool: &DescriptorPool, method: MethodDescriptor) -> Option<Route> {
    let extension = pool.get_extension_by_name("google.api.http")?;
    let options = method.options();
    let rule = options.get_extension(&extension).as_message()?.clone();
    let (verb, template) = [("get", Method::GET), ("post", Method::POST)]
        .into_iter()
        .find_map(|(field, verb)| text(&rule, field).map(|template| (verb, template)))?;
    let body = match text(&rule, "body").as_deref() {
        None => BodyIs::Nothing,
        Some("*") => BodyIs::Request,
        Some(field) => BodyIs::Field(field.to_owned()),
    };
    let (segments, variables, action) = parse(&template)?;
    Some(Route { verb, method, body, segments, variables, action })
}

fn text(rule: &DynamicMessage, field: &str) -> Option<String> {
    match rule.get_field_by_name(field)?.as_ref() {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

type Parsed = (Vec<Option<String>>, Vec<(String, usize, usize)>, String);

fn parse(template: &str) -> Option<Parsed> {
    let (path, action) = match template.rsplit_once(':') {
        Some((path, action)) if !action.contains(['}', '/']) => (path, action),
        _ => (template, ""),
    };
    let (mut segments, mut variables) = (Vec::new(), Vec::new());
    let mut rest = path.strip_prefix('/')?;
    while !rest.is_empty() {
        if let Some(variable) = rest.strip_prefix('{') {
            let (inside, after) = variable.split_once('}')?;
            let (field, pattern) = inside.split_once('=').unwrap_or((inside, "*"));
            let from = segments.len();
            segments.extend(pattern.split('/').map(segment));
            variables.push((field.to_owned(), from, segments.len()));
            rest = after.strip_prefix('/').unwrap_or(after);
        } else {
            let (literal, after) = rest.split_once('/').unwrap_or((rest, ""));
            segments.push(segment(literal));
            rest = after;
        }
    }
    Some((segments, variables, action.to_owned()))
}

fn segment(text: &str) -> Option<String> {
    (text != "*").then(|| text.to_owned())
}

fn split_action(path: &str) -> (&str, &str) {
    match path.rsplit_once(':') {
        Some((path, action)) if !action.contains('/') => (path, action),
        _ => (path, ""),
    }
}
