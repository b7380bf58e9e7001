//! The `berth` command line. Data goes to stdout, talk to stderr; `-o json` is the API's proto3 JSON.

mod admin;
mod adopt;
mod args;
mod audit;
mod check;
mod conn;
mod connect;
mod create;
mod decide;
mod failure;
mod file;
mod form;
mod ip;
mod night;
mod output;
mod registers;
mod report;
mod requests;
mod rows;
mod wait;
mod why;

use clap::Parser as _;

pub use args::{Arguments, Format, Language};
pub use failure::{Exit, Failure};

use args::{Command, Ip, Onboard};
use connect::Session;
use futures::future::LocalBoxFuture;

/// Result of a command.
pub type Result<T = Exit, E = Failure> = std::result::Result<T, E>;

/// Runs the command line of this process; returns its exit code.
pub async fn main() -> std::process::ExitCode {
    // clap prints usage errors itself and ends with 2, as our table says.
    let arguments = Arguments::parse();
    let (format, language) = (arguments.global.output, arguments.global.language());
    let outcome = tokio::select! {
        outcome = run(arguments) => outcome,
        _ = tokio::signal::ctrl_c() => {
            eprintln!("interrupted: the request itself goes on");
            Ok(Exit::Interrupted)
        }
    };
    let exit = outcome.unwrap_or_else(|failure| {
        eprintln!("{}", failure.text(format, language));
        failure.exit()
    });
    exit.into()
}

/// Runs one command.
pub async fn run(arguments: Arguments) -> Result {
    let Arguments { global, command } = arguments;
    if global.output == Format::Svg && !matches!(command, Command::Ip(Ip::Plan(_))) {
        return Err(Failure::Usage("-o svg is for `berth ip plan` only".into()));
    }
    // What a request may say is known without a server.
    if let Command::Onboard(command) = &command
        && let Onboard::Schema(schema) = command.as_ref()
    {
        return form::schema(schema, global.output);
    }
    begin(global, command).await
}

/// What a command does. Its future stands on the heap: together they are more than the stack of a thread in a build without
/// optimisation.
fn begin(global: args::Global, command: Command) -> LocalBoxFuture<'static, Result> {
    match command {
        Command::Onboard(command) => Box::pin(async move { onboard(&Session::new(global).await?, *command).await }),
        Command::Env(command) => {
            Box::pin(async move { registers::environments(&Session::new(global).await?, command).await })
        }
        Command::Tenant(command) => {
            Box::pin(async move { registers::tenants(&Session::new(global).await?, command).await })
        }
        Command::Agency(command) => {
            Box::pin(async move { registers::agencies(&Session::new(global).await?, command).await })
        }
        Command::Catalog(command) => {
            Box::pin(async move { registers::catalog(&Session::new(global).await?, command).await })
        }
        // An export is verified without a server, and so without a token.
        Command::Audit(command) => Box::pin(audit::run(global, command)),
        Command::Ip(command) => Box::pin(async move {
            let language = global.language();
            ip::run(&Session::new(global).await?, language, command).await
        }),
        Command::Report(command) => Box::pin(async move { report::run(&Session::new(global).await?, command).await }),
        Command::Conn(command) => Box::pin(async move { conn::run(&Session::new(global).await?, command).await }),
        // Registers are written as kubectl would, so a token for the door is not needed.
        Command::Admin(args::Admin::Import(import)) => Box::pin(admin::import(import, global.output)),
        Command::Admin(args::Admin::Adopt(adopt)) => Box::pin(adopt::adopt(adopt, global.output)),
        Command::Admin(args::Admin::Release(release)) => Box::pin(adopt::release(release, global.output)),
        Command::Why { namespace, destination, port } => Box::pin(async move {
            let session = Session::new(global).await?;
            match destination.zip(port) {
                Some((destination, port)) => conn::why(&session, &namespace, &destination, &port).await,
                None => why::why(&session, &namespace).await,
            }
        }),
    }
}

fn onboard(session: &Session, command: Onboard) -> LocalBoxFuture<'_, Result> {
    match command {
        Onboard::Create(create) => Box::pin(create::create(session, *create)),
        Onboard::List(list) => Box::pin(requests::list(session, list)),
        Onboard::Get(which) => Box::pin(requests::get(session, which)),
        Onboard::Watch(which) => Box::pin(requests::watch(session, which)),
        Onboard::Wait(wait) => Box::pin(wait::wait(session, wait)),
        Onboard::Approve(approve) => Box::pin(decide::approve(session, approve)),
        Onboard::Reject(reject) => Box::pin(decide::reject(session, reject)),
        Onboard::Return(back) => Box::pin(decide::give_back(session, back)),
        Onboard::Correct(correct) => Box::pin(decide::correct(session, correct)),
        Onboard::Schema(schema) => Box::pin(async move { form::schema(&schema, session.format) }),
        Onboard::Draft(create) => Box::pin(form::draft(session, *create)),
        Onboard::Print(print) => Box::pin(form::print(session, print)),
        Onboard::Check(create) => Box::pin(check::check(session, *create)),
        Onboard::Withdraw(withdraw) => Box::pin(decide::withdraw(session, withdraw)),
        Onboard::Reconcile(reconcile) => Box::pin(decide::reconcile(session, reconcile)),
    }
}
