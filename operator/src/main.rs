//! The operator's process.

use berth_operator::args::{Args, Command};
use berth_operator::clock::Clock;
use berth_operator::restore::{Fate, import_register};
use berth_operator::{admin, notices, run};
use clap::Parser;
use jiff::tz::TimeZone;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio_util::sync::CancellationToken;

/// Longest wait for one answer; watches have their own limit.
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(70);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args::parse();
    log(args.log_json);
    let zone = TimeZone::get(&args.time_zone).map_err(|e| format!("`--time-zone` is {:?}: {e}", args.time_zone))?;
    let client = Client::try_from(config(&args).await?)?;
    if let Some(Command::ImportRegister { dry_run }) = args.command {
        return import(client, args.ledger_export, dry_run).await;
    }
    let stop = CancellationToken::new();
    let (phase, readiness) = tokio::sync::watch::channel(run::Phase::Starting);
    tokio::spawn(stop_on_signal(stop.clone()));
    let health = tokio::spawn(admin::serve(args.health, readiness, stop.clone()));
    let identity = args.identity.unwrap_or_else(|| format!("berth-operator-{}", std::process::id()));
    let ledger = berth_operator::ledger::Settings { export: args.ledger_export, keep: args.ledger_keep };
    let notices = args.notices.as_deref().map(|path| notices::Settings::read(path, &zone)).transpose()?;
    let (concurrency, removals) = (args.concurrency, args.removals);
    let clock = Clock::system();
    let settings = run::Settings { clock, zone, concurrency, removals, identity, ledger, notices };
    let result = run::run(client, settings, phase, stop.clone()).await;
    stop.cancel();
    health.await??;
    Ok(result?)
}

/// One line per lost prefix; an error when people must decide about one.
async fn import(
    client: Client,
    export: Option<std::path::PathBuf>,
    dry_run: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let export = export.ok_or("`--ledger-export` names the folder of the exported ledger; it is needed here")?;
    let told = import_register(client, &export, dry_run).await?;
    let mut refused = 0;
    for (lost, fate) in &told {
        let fate = match fate {
            Fate::Missing => "missing".to_owned(),
            Fate::Bound => "back, bound by its claim".to_owned(),
            Fate::Quarantined(until) => format!("back, in quarantine until {until}"),
            Fate::Refused(why) => {
                refused += 1;
                format!("NOT back: {why}")
            }
        };
        println!("{lost}: {fate}");
    }
    println!("{} lost prefixes, {refused} refused", told.len());
    if refused > 0 { Err("people must decide about the refused prefixes".into()) } else { Ok(()) }
}

async fn config(args: &Args) -> Result<Config, Box<dyn std::error::Error>> {
    let mut config = match &args.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path).map_err(|e| format!("`--kubeconfig` {}: {e}", path.display()))?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
        None => Config::incluster()?,
    };
    config.read_timeout = Some(READ_TIMEOUT);
    Ok(config)
}

fn log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json {
        builder.json().init()
    } else {
        builder.init()
    }
    // A panic is told where everything else is, with its place.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a defect")));
}

/// The first signal drains, the second ends the process at once.
async fn stop_on_signal(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return tracing::error!("signals cannot be caught; the process ends at once when told to");
    };
    let mut once = async || tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} };
    once().await;
    tracing::info!("finishing what is begun; a second signal ends at once");
    stop.cancel();
    once().await;
    std::process::exit(130);
}
