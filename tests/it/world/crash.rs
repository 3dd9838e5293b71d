//! The end of the program as a crash brings it, within the test's own process.

use kartwheel::app::App;

use super::{REST_WITHIN, World};

impl World {
    /// Starts the program in place of the one that runs, so that `crash` can end it at whatever it is waiting for.
    pub(crate) async fn start_to_crash(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let app = runtime.spawn(App::start(self.options()));
        self.app = Some(app.await.expect("it starts").expect("the program starts"));
        self.doomed = Some(runtime);
        self.settle().await;
    }

    /// Ends the program as a crash does: nothing is finished, nothing is handed back.
    pub(crate) fn crash(&mut self) {
        drop(self.app.take());
        let runtime = self.doomed.take().expect("a program that is to crash");
        std::thread::spawn(move || runtime.shutdown_timeout(REST_WITHIN))
            .join()
            .expect("its tasks are dropped");
    }
}
