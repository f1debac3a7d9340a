//! All routes, each with who may use it: the table that is documented, tested and enforced is one.

use axum::{
    Router,
    handler::Handler,
    http::Method,
    middleware::from_fn,
    routing::{MethodFilter, on},
};

use crate::{
    AppState,
    access::{Access, guard},
    api, assets, health, labels, layers, metrics, pages,
};

/// A route and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// Its method; `GET` answers `HEAD` too.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

/// Routes that are being put together.
#[derive(Default)]
pub(crate) struct Routes {
    router: Router<AppState>,
    table: Vec<RouteInfo>,
}

impl Routes {
    pub(crate) fn get<H: Handler<T, AppState>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.on(Method::GET, path, access, handler)
    }

    pub(crate) fn post<H: Handler<T, AppState>, T: 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        self.on(Method::POST, path, access, handler)
    }

    /// A route of any method.
    pub(crate) fn on<H: Handler<T, AppState>, T: 'static>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        handler: H,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("routes have methods of HTTP");
        let guarded = on(filter, handler).layer(from_fn(move |request, next| guard(access, request, next)));
        self.router = self.router.route(path, guarded);
        self.table.push(RouteInfo { method, path, access });
        self
    }

    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.table.extend(other.table);
        self
    }
}

fn all() -> Routes {
    Routes::default()
        .merge(health::routes())
        .merge(assets::routes())
        .merge(pages::routes())
        .merge(api::routes())
        .merge(metrics::routes())
        .merge(labels::routes())
        .merge(labels::api_routes())
}

/// Every route of the server with who may use it.
pub fn route_table() -> Vec<RouteInfo> {
    all().table
}

pub(crate) fn router(app: &AppState) -> Router {
    layers::around(all().router, app)
}
