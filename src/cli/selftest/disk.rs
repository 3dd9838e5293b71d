//! A disk that is full, and a database file that cannot be written: deliveries are refused until there is room again, and nothing
//! that was taken is lost.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount};
use rustix::process::geteuid;

use super::chance::Chance;
use super::daemon::{Daemon, Start};
use super::shim::{ENOSPC, Order, Shim};
use super::stage::Stage;
use super::{Ended, Outcome, Progress};

/// The size of the disk that runs full.
const DISK: &std::ffi::CStr = c"size=48m,mode=0700";
/// It is filled in pieces of so many bytes, the last ones smaller.
const PIECES: [usize; 3] = [1 << 20, 1 << 14, 1 << 9];
/// So often it runs full.
const ROUNDS: u64 = 3;
/// So many answers come before, and after.
const ANSWERS: u64 = 100;
/// So many deliveries are refused while it is full.
const REFUSED: u64 = 40;

/// Root without the right to write what its mode forbids.
const WITHOUT_RIGHTS: [&str; 4] = [
    "setpriv",
    "--inh-caps=-dac_override",
    "--bounding-set=-dac_override",
    "--",
];

/// A disk of our own, or a file that cannot be written. Taken down when dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        // Whoever is still in it keeps it for as long.
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

/// A disk that can be made full.
enum Disk {
    /// A small one in memory, and what fills it.
    Small(Mounted),
    /// The usual one, with calls that fail as if it were full.
    Shim(Shim),
}

impl Disk {
    fn of(stage: &Stage<'_>) -> Result<Self, String> {
        let data = stage.folder.data();
        let small = mount("tmpfs", &data, "tmpfs", MountFlags::empty(), DISK);
        match (small, &stage.setting.shim) {
            (Ok(()), _) => Ok(Self::Small(Mounted(data))),
            (Err(_), Some(library)) => Ok(Self::Shim(Shim::new(
                library,
                &stage.folder,
                Order {
                    calls: "write",
                    nth: 1,
                    times: 0,
                    error: ENOSPC,
                },
            ))),
            (Err(why), None) => Err(format!(
                "a small disk cannot be mounted ({why}): run it as root, or give --shim"
            )),
        }
    }

    fn what(&self) -> &'static str {
        match self {
            Self::Small(_) => "a disk of 48 MB in memory",
            Self::Shim(_) => "the usual disk, with writes that answer ENOSPC",
        }
    }

    fn fill(&self) -> anyhow::Result<()> {
        match self {
            Self::Shim(shim) => shim.arm()?,
            Self::Small(disk) => {
                let mut ballast = File::create(ballast(&disk.0))?;
                for piece in PIECES {
                    while ballast.write_all(&vec![0; piece]).is_ok() {}
                }
            }
        }
        Ok(())
    }

    fn free(&self) -> anyhow::Result<()> {
        match self {
            Self::Shim(shim) => shim.disarm()?,
            Self::Small(disk) => std::fs::remove_file(ballast(&disk.0))?,
        }
        Ok(())
    }
}

fn ballast(disk: &Path) -> PathBuf {
    disk.join("ballast")
}

/// The disk runs full under load, and is freed again.
pub(super) async fn full(
    stage: &Stage<'_>,
    chance: &mut Chance,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Ended> {
    let disk = match Disk::of(stage) {
        Ok(disk) => disk,
        Err(why) => return Ok(Ended::Skipped(why)),
    };
    let how = Start {
        env: match &disk {
            Disk::Small(_) => &[],
            Disk::Shim(shim) => shim.env(),
        },
        ..stage.how()
    };
    let load = stage.load()?;
    let mut daemon = Daemon::start(how, &stage.folder, &stage.http).await?;
    let mut died = Vec::new();
    for round in 1..=ROUNDS {
        load.taken(chance.up_to(ANSWERS)).await?;
        disk.fill()?;
        let before = load.book().come_again();
        let refused = |book: &super::load::Book| book.come_again() >= before + REFUSED;
        let refusals = load.until("deliveries are refused with 503", refused).await;
        disk.free()?;
        refusals?;
        if !daemon.lives()? {
            died.push(format!(
                "the daemon ended when the disk was full:\n{}",
                daemon.last_words()
            ));
            break;
        }
        load.taken(ANSWERS).await?;
        let refused = load.book().come_again();
        progress.round(
            round,
            ROUNDS,
            &format!("full and freed; {refused} answers 503 so far"),
        )?;
    }
    if !died.is_empty() {
        return Ok(Ended::Judged(Outcome {
            broken: died,
            ..Outcome::default()
        }));
    }
    let refused = load.book().come_again();
    let mut outcome = stage.end(load, daemon).await?;
    outcome.note(format!(
        "{ROUNDS} times full ({}), {refused} answers 503",
        disk.what()
    ));
    Ok(Ended::Judged(outcome))
}

/// The database file cannot be written: the daemon does not start, and says why; afterwards it goes on.
pub(super) async fn read_only(
    stage: &Stage<'_>,
    chance: &mut Chance,
    _: &mut Progress<'_>,
) -> anyhow::Result<Ended> {
    let load = stage.orders()?;
    let file = stage.folder.data().join("kartwheel.db");
    let mut wrong = Vec::new();
    let mut by = "";
    for killed in [true, false] {
        let daemon = stage.start().await?;
        load.taken(chance.up_to(ANSWERS)).await?;
        if killed {
            daemon.kill();
        } else {
            daemon.stop().await?;
        }
        let locked = Locked::lock(&file)?;
        by = locked.by();
        let log = stage.folder.path().join("refused.log");
        let how = Start {
            through: locked.through(),
            ..stage.how()
        };
        let (code, said) = stage.says(how, &log).await?;
        drop(locked);
        if code != Some(2) || !said.contains("cannot use") || !said.contains("kartwheel.db") {
            wrong.push(format!(
                "the daemon ended with {code:?} and said: {}",
                said.trim()
            ));
        }
    }
    let daemon = stage.start().await?;
    load.taken(chance.up_to(ANSWERS)).await?;
    let mut outcome = stage.end(load, daemon).await?;
    outcome.broken.extend(wrong);
    outcome.note(format!(
        "refused to start on a file that cannot be written, twice ({by})"
    ));
    Ok(Ended::Judged(outcome))
}

/// A file that cannot be written for the time being.
enum Locked {
    /// Mounted on itself, read-only.
    Mounted(#[expect(dead_code, reason = "holding it is its use")] Mounted),
    /// By its mode.
    Mode(PathBuf),
}

impl Locked {
    /// Root may write whatever the mode is, so for root it is a mount; where root must not mount, the daemon is started without
    /// that right.
    fn lock(file: &Path) -> anyhow::Result<Self> {
        if geteuid().is_root() && mount_bind(file, file).is_ok() {
            let mounted = Mounted(file.to_owned());
            mount_remount(file, MountFlags::BIND | MountFlags::RDONLY, "")?;
            return Ok(Self::Mounted(mounted));
        }
        std::fs::set_permissions(file, Permissions::from_mode(0o400))?;
        Ok(Self::Mode(file.to_owned()))
    }

    /// What a daemon is started through that is to feel it.
    fn through(&self) -> &'static [&'static str] {
        match self {
            Self::Mode(_) if geteuid().is_root() => &WITHOUT_RIGHTS,
            _ => &[],
        }
    }

    fn by(&self) -> &'static str {
        match self {
            Self::Mounted(_) => "mounted read-only",
            Self::Mode(_) => "mode 0400",
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Self::Mode(file) = self {
            let _ = std::fs::set_permissions(file, Permissions::from_mode(0o600));
        }
    }
}
