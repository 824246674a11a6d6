//! Subscriptions with the values of parameters filled in.

use regex::Regex;

use super::{ConditionSpec, Manifest, ResolvedSubscription, Subscription};
use crate::{
    Filter, Name,
    filter::{Columns, Condition, Test},
    parameter::{ParameterError, ParameterType, Parameters},
    pattern,
    placeholder::{self, Part, Syntax},
};

pub(super) fn resolve(
    manifest: &Manifest,
    parameters: &Parameters,
) -> Result<Vec<ResolvedSubscription>, ParameterError> {
    let mut resolved: Vec<ResolvedSubscription> = Vec::with_capacity(manifest.subscribe.len());
    for subscription in &manifest.subscribe {
        let log = log(manifest, parameters, subscription)?;
        if resolved.iter().any(|other| other.log == log) {
            let text = &subscription.artifact;
            return Err(failed(
                manifest,
                text,
                Syntax::Plain,
                format!("`{log}` would be subscribed to twice"),
            ));
        }
        let conditions = subscription
            .filter
            .iter()
            .map(|condition| {
                Ok(Condition {
                    column: condition.column.clone(),
                    test: test(manifest, parameters, condition)?,
                })
            })
            .collect::<Result<_, ParameterError>>()?;
        resolved.push(ResolvedSubscription {
            log,
            filter: Filter::new(conditions),
            columns: match &subscription.columns {
                Some(names) => Columns::only(names.clone()),
                None => Columns::all(),
            },
            batch: subscription.batch,
        });
    }
    Ok(resolved)
}

fn log(
    manifest: &Manifest,
    parameters: &Parameters,
    subscription: &Subscription,
) -> Result<Name, ParameterError> {
    let text = &subscription.artifact;
    parameters
        .fill(&manifest.name, text)?
        .parse()
        .map_err(|error| {
            failed(
                manifest,
                text,
                Syntax::Plain,
                format!("the log's name `{text}`: {error}"),
            )
        })
}

fn test(
    manifest: &Manifest,
    parameters: &Parameters,
    condition: &ConditionSpec,
) -> Result<Test, ParameterError> {
    let pattern = |text: &str| pattern(manifest, parameters, text);
    // The manifest was checked to have exactly one of them; of one made otherwise the first counts.
    Ok(match condition {
        ConditionSpec {
            matches: Some(text),
            ..
        } => Test::Matches(pattern(text)?),
        ConditionSpec {
            not_matches: Some(text),
            ..
        } => Test::NotMatches(pattern(text)?),
        ConditionSpec {
            equals: Some(value),
            ..
        } => Test::OneOf(vec![value.clone()]),
        ConditionSpec {
            one_of: Some(values),
            ..
        } => Test::OneOf(values.clone()),
        ConditionSpec { exists, .. } => Test::Exists(exists.unwrap_or(true)),
    })
}

/// Compiles a pattern: a parameter that is a pattern itself stands in it as it is, any other as the text that it is.
fn pattern(
    manifest: &Manifest,
    parameters: &Parameters,
    text: &str,
) -> Result<Regex, ParameterError> {
    let mut filled = String::with_capacity(text.len());
    for part in placeholder::parts(text, Syntax::Pattern) {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Parameter(name) => {
                let value = parameters.text(&manifest.name, name)?;
                let is_pattern = |spec: &&crate::parameter::ParameterSpec| {
                    spec.name == name && spec.kind == ParameterType::Regex
                };
                if manifest.parameters.iter().any(|spec| is_pattern(&spec)) {
                    filled.push_str(&value);
                } else {
                    filled.push_str(&regex::escape(&value));
                }
            }
        }
    }
    pattern::compile(&filled).map_err(|error| {
        failed(
            manifest,
            text,
            Syntax::Pattern,
            format!("the pattern `{text}` with its value: {error}"),
        )
    })
}

/// An error of the first parameter in `text`.
fn failed(manifest: &Manifest, text: &str, syntax: Syntax, reason: String) -> ParameterError {
    ParameterError {
        artifact: manifest.name.clone(),
        parameter: placeholder::names(text, syntax)
            .next()
            .unwrap_or_default()
            .to_owned(),
        reason,
    }
}
