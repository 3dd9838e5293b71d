//! The `kartwheel` binary: runs the command line and prints an error once.

use std::process::ExitCode;

/// Quicker than the system's where JSON is read and built, which is most of what happens here.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match kartwheel::cli::run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kartwheel: {error:#}");
            ExitCode::from(2)
        }
    }
}
