//! The `berth` command line. Data goes to stdout, talk to stderr; `-o json` is the API's proto3 JSON.

mod admin;
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
    match command {
        Command::Onboard(command) => onboard(&Session::new(global).await?, *command).await,
        Command::Env(command) => registers::environments(&Session::new(global).await?, command).await,
        Command::Tenant(command) => registers::tenants(&Session::new(global).await?, command).await,
        Command::Agency(command) => registers::agencies(&Session::new(global).await?, command).await,
        Command::Catalog(command) => registers::catalog(&Session::new(global).await?, command).await,
        // An export is verified without a server, and so without a token.
        Command::Audit(command) => audit::run(global, command).await,
        Command::Ip(command) => {
            let language = global.language();
            ip::run(&Session::new(global).await?, language, command).await
        }
        Command::Report(command) => report::run(&Session::new(global).await?, command).await,
        Command::Conn(command) => conn::run(&Session::new(global).await?, command).await,
        // Registers are written as kubectl would, so a token for the door is not needed.
        Command::Admin(args::Admin::Import(import)) => admin::import(import, global.output).await,
        Command::Why { namespace, destination, port } => {
            let session = Session::new(global).await?;
            match destination.zip(port) {
                Some((destination, port)) => conn::why(&session, &namespace, &destination, &port).await,
                None => why::why(&session, &namespace).await,
            }
        }
    }
}

async fn onboard(session: &Session, command: Onboard) -> Result {
    match command {
        Onboard::Create(create) => create::create(session, *create).await,
        Onboard::List(list) => requests::list(session, list).await,
        Onboard::Get(which) => requests::get(session, which).await,
        Onboard::Watch(which) => requests::watch(session, which).await,
        Onboard::Wait(wait) => wait::wait(session, wait).await,
        Onboard::Approve(approve) => decide::approve(session, approve).await,
        Onboard::Reject(reject) => decide::reject(session, reject).await,
        Onboard::Return(back) => decide::give_back(session, back).await,
        Onboard::Correct(correct) => decide::correct(session, correct).await,
        Onboard::Schema(schema) => form::schema(&schema, session.format),
        Onboard::Draft(create) => form::draft(session, *create).await,
        Onboard::Print(print) => form::print(session, print).await,
        Onboard::Check(create) => check::check(session, *create).await,
        Onboard::Withdraw(withdraw) => decide::withdraw(session, withdraw).await,
        Onboard::Reconcile(reconcile) => decide::reconcile(session, reconcile).await,
    }
}
