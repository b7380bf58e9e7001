//! `berth env hold|isolate|release|grant|confirm-access`.

use super::{
    Exit, Result,
    args::{Night, NightAct, What},
    connect::{Session, call},
    create::full,
    failure::Failure,
    output,
};
use crate::{
    convert::Twin as _,
    proto::v1::{self as pb, emergency_access as who, intervention},
};

/// Acts.
pub async fn night(session: &Session, command: Night) -> Result {
    let hours = |hours: u16| {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(i64::from(hours));
        // A moment less than the longest time: the API server's clock may be behind ours.
        let until = until - jiff::SignedDuration::from_secs(60);
        Some(prost_types::Timestamp { seconds: until.as_second(), nanos: 0 })
    };
    let request = match command {
        Night::Hold { act, hours: n } => {
            pb::InterveneEnvironmentRequest { until: hours(n), ..request(act, intervention::Act::Hold) }
        }
        Night::Isolate { act } => request(act, intervention::Act::Isolate),
        Night::Release { act, what } => {
            let ends = match what {
                What::Hold => intervention::Act::EndHold,
                What::Isolation => intervention::Act::EndIsolation,
                What::Grants => intervention::Act::EndGrants,
            };
            request(act, ends)
        }
        Night::Grant { act, user, group, role, hours: n } => {
            let kind = if user.is_some() { who::SubjectKind::User } else { who::SubjectKind::Group };
            let role = who::Role::from_str_name(&role.to_ascii_uppercase())
                .ok_or_else(|| Failure::Usage(format!("--role {role:?} is none of view, edit, admin")))?;
            let access = pb::EmergencyAccess {
                subject_kind: kind as i32,
                subject: user.or(group).unwrap_or_default(),
                role: role as i32,
                expires: String::new(),
            };
            let asked = request(act, intervention::Act::Grant);
            pb::InterveneEnvironmentRequest { until: hours(n), access: Some(access), ..asked }
        }
        Night::ConfirmAccess { act } => request(act, intervention::Act::ConfirmAccess),
    };
    let client = &session.client.environments;
    let done =
        call("acting on the environment", async || client.clone().intervene_environment(request.clone()).await).await?;
    output::one(&done, session.format)?;
    let id = done.environment.trim_start_matches("environments/");
    eprintln!("Next: berth env get {id} -o yaml");
    Ok(Exit::Done)
}

fn request(act: NightAct, what: intervention::Act) -> pb::InterveneEnvironmentRequest {
    pb::InterveneEnvironmentRequest {
        name: full("environments", &act.name),
        act: what as i32,
        reason: act.reason,
        request_id: act.request_id.unwrap_or_default(),
        validate_only: act.dry_run,
        ..Default::default()
    }
}

impl output::Printed for pb::Intervention {
    const MESSAGE: &'static str = "Intervention";
    const PLURAL: &'static str = "interventions";
    const HEADS: &'static [&'static str] = &["NAME", "ENVIRONMENT", "ACT", "BY", "UNTIL", "REASON"];

    fn name(&self) -> &str {
        &self.name
    }

    fn row(&self) -> Vec<String> {
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let act = berth_crds::intervention::Intervene::of(self.act).map(|act| format!("{act:?}")).unwrap_or_default();
        vec![
            last(&self.name),
            last(&self.environment),
            act,
            self.by.clone().unwrap_or_default().username,
            self.until.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.reason.clone(),
        ]
    }
}
