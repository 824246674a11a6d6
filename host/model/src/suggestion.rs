//! What may have been meant by a name that is none.

/// ` (did you mean `X`?)` for the candidate closest to `given`, or nothing where none is close.
pub(crate) fn did_you_mean<'c>(
    given: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> String {
    candidates
        .into_iter()
        .map(|candidate| {
            let score = strsim::jaro_winkler(&given.to_lowercase(), &candidate.to_lowercase());
            (score, candidate)
        })
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| format!(" (did you mean `{candidate}`?)"))
        .unwrap_or_default()
}
