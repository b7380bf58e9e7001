//! ReportService: counted from papers that are read as the caller, and from the registers.

use std::sync::Arc;

use berth_crds::{Decision, Onboarding, Reason, Tenant};
use berth_plan::report::{demand, reuse, security};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tonic::{Request, Response, Status};

use super::{
    check::register,
    papers::{Papers, everywhere},
    tenant::agency_filter,
};
use crate::{
    access::caller,
    convert::report as convert,
    door::Door,
    identity::Caller,
    name,
    page::Page,
    problem::{Problem, Result},
    proto::v1::{self as pb, report_service_server::ReportService},
    read,
    registers::{Sight, named},
};

/// First and last year of a report.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2999;

/// The papers of a report.
type Evidence = (Vec<Arc<Onboarding>>, Vec<Arc<Decision>>);

/// The service.
#[derive(Clone)]
pub struct Reports {
    door: Door,
}

impl Reports {
    /// Serves through the door.
    pub fn new(door: Door) -> Self {
        Self { door }
    }

    async fn demand(&self, caller: &Caller, request: &pb::GetDemandRequest) -> Result<pb::DemandReport> {
        let year = year(&request.name, "demandReports")?;
        let registers = self.door.registers();
        let agency = agency_filter(&registers, &request.agency).await?;
        let (papers, decisions) = self.evidence(caller, agency.as_deref()).await?;
        let register = register(&registers).await?;
        let day_of = |time: &Time| self.door.clock.day_of(time.0);
        let input =
            demand::Input { year, papers: &papers, decisions: &decisions, register: &register, day_of: &day_of };
        Ok(convert::demand(&demand::demand(&input), year, agency.as_deref(), self.door.clock.now()))
    }

    async fn security(&self, caller: &Caller, request: &pb::GetSecurityReportRequest) -> Result<pb::SecurityReport> {
        let year = year(&request.name, "securityReports")?;
        let registers = self.door.registers();
        let agency = agency_filter(&registers, &request.agency).await?;
        let (papers, decisions) = self.evidence(caller, agency.as_deref()).await?;
        let (register, sight) = (register(&registers).await?, registers.sight(caller).await?);
        let day_of = |time: &Time| self.door.clock.day_of(time.0);
        let on = security::last_day(year).min(self.door.clock.today());
        let input =
            security::Input { on, papers: &papers, decisions: &decisions, register: &register, day_of: &day_of };
        let seen = |row: &security::Row| sight.covers(&row.owner) && agency.as_ref().is_none_or(|id| *id == row.owner);
        let rows: Vec<security::Row> = security::rows(&input).into_iter().filter(seen).collect();
        Ok(convert::security(&rows, year, on))
    }

    /// The papers of one agency; without one, everything that the caller may read.
    async fn evidence(&self, caller: &Caller, agency: Option<&str>) -> Result<Evidence> {
        if let Some(agency) = agency {
            return Papers::open(&self.door, caller, agency)?.everything().await;
        }
        let refused = match everywhere(&self.door, caller).await {
            Err(refused @ Problem::NotAllowed { .. }) => refused,
            other => return other,
        };
        let own = self.door.registers().acts_for(caller).await?;
        // Nothing of nobody is no report.
        if own.is_empty() {
            return Err(refused);
        }
        let mut all = Evidence::default();
        for agency in own {
            let (papers, decisions) = Papers::open(&self.door, caller, &agency)?.everything().await?;
            all.0.extend(papers);
            all.1.extend(decisions);
        }
        Ok(all)
    }

    async fn similar(
        &self,
        caller: &Caller,
        request: &pb::ListSimilarSystemsRequest,
    ) -> Result<pb::ListSimilarSystemsResponse> {
        let page = Page::read(request.page_size, &request.page_token, "similarSystems")?;
        let registers = self.door.registers();
        if registers.sight(caller).await? != Sight::Province {
            return Err(Problem::NotAllowed {
                reason: Reason::PermissionDenied,
                message: "this is for the roles of the province: it names systems of every agency".into(),
            });
        }
        let tenants = named(registers.all::<Tenant>(None).await?);
        // The most alike first, as they come.
        let key = |pair: &reuse::Pair| format!("{:03}.{}", 100 - pair.percent, pair.plates.join("."));
        let (found, next_page_token) = page.cut(reuse::pairs(&tenants), key);
        let similar_systems = found.iter().map(|pair| convert::similar(pair, &tenants)).collect();
        Ok(pb::ListSimilarSystemsResponse { similar_systems, next_page_token })
    }
}

fn year(given: &str, report: &str) -> Result<i16> {
    let year = name::ids::<1>(given, &format!("{report}/*")).and_then(|[year]| year.parse().ok());
    year.filter(|year| YEARS.contains(year)).ok_or_else(|| {
        let (first, last) = (YEARS.start(), YEARS.end());
        let what = format!("{} is not a name like {report}/2025, of {first} to {last}", read::shown(given));
        Problem::field("name", what)
    })
}

#[tonic::async_trait]
impl ReportService for Reports {
    async fn get_demand(&self, r: Request<pb::GetDemandRequest>) -> Result<Response<pb::DemandReport>, Status> {
        Ok(Response::new(self.demand(&caller(&r)?, r.get_ref()).await?))
    }

    async fn get_security_report(
        &self,
        r: Request<pb::GetSecurityReportRequest>,
    ) -> Result<Response<pb::SecurityReport>, Status> {
        Ok(Response::new(self.security(&caller(&r)?, r.get_ref()).await?))
    }

    async fn list_similar_systems(
        &self,
        r: Request<pb::ListSimilarSystemsRequest>,
    ) -> Result<Response<pb::ListSimilarSystemsResponse>, Status> {
        Ok(Response::new(self.similar(&caller(&r)?, r.get_ref()).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_named_by_its_year() {
        let year = |given| year(given, "demandReports");
        assert_eq!(year("demandReports/2025"), Ok(2025));
        for bad in [
            "",
            "2025",
            "demandReports/",
            "demandReports/25",
            "demandReports/-",
            "demandReports/2025/x",
            "securityReports/2025",
        ] {
            assert!(matches!(year(bad), Err(Problem::Invalid(_))), "{bad}");
        }
    }
}
