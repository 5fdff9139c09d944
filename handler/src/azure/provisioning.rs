//! `handler provision`: an administrator runs it to create the app's role and database on an Azure server.
//!
//! It leaves everything that exists unchanged, so every deployment may run it. The functions named `pgaadauth_…`
//! belong to the server, in the database `postgres`
//! (learn.microsoft.com/azure/postgresql/security/security-manage-entra-users).

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use uuid::Uuid;

use crate::store::{Error, Target, migrate_postgres};

/// The app's database if PGDATABASE is not set.
const DATABASE: &str = "elastic_visits";
/// The database with the server's own functions.
const OWN: &str = "postgres";

/// A lock for the time of provisioning: on a plan with several instances, each instance runs the role step at the
/// same time. The number is arbitrary.
const LOCK: &str = "set lock_timeout = '60s'; select pg_advisory_lock(7370626172190251)";

/// A role that every administrator of an Azure server is a member of, if this login may act as that role. It owns the
/// database and the schema, so that another administrator can continue the work of the first.
const SHARED: &str = "
    select rolname::text
    from pg_roles
    where rolname = 'azure_pg_admin' and pg_has_role(oid, 'member')";

/// Each row as one JSON object, because the documentation spells the column names in different cases.
const PRINCIPALS: &str = "
    select to_jsonb(principal)::text
    from pgaadauth_list_principals(false) as principal";

const CREATE_PRINCIPAL: &str =
    "select * from pgaadauth_create_principal_with_oid($1, $2, 'service', false, false)";

/// Whether the role can create objects in the app's schema although nothing grants it: through `public` on servers
/// before version 15, or by a grant that somebody else made.
const MAY_CREATE: &str = "
    select has_schema_privilege($1, 'public', 'create')
        or has_database_privilege($1, current_database(), 'create, temporary')";

/// Why the role step failed. The sentences are for the person who runs it.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A setting that does not work here.
    #[error("{0}")]
    Refused(String),
    /// The server is not an Azure server, or the login is not an Entra login.
    #[error(
        "this server does not know Entra roles: connect as an Entra administrator of an Azure server"
    )]
    NotEntra,
    /// The server failed. The sentence contains the cause, so the cause is not a source as well.
    #[error("{}", .0.with_cause())]
    Store(Error),
}

impl From<Error> for ProvisionError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<sqlx::Error> for ProvisionError {
    fn from(error: sqlx::Error) -> Self {
        // The function does not exist, or only Entra administrators may call it.
        let code = error.as_database_error().and_then(|error| error.code());
        match code.as_deref() {
            Some("42883") => Self::NotEntra,
            _ => Self::Store(error.into()),
        }
    }
}

/// Creates what is missing. Calls `report` with one line for each step.
///
/// # Errors
/// The sentence names the obstacle. What was done until then stays, and the next attempt continues from it.
pub async fn provision(
    target: &Target,
    role: &str,
    object_id: Uuid,
    mut report: impl FnMut(String),
) -> Result<(), ProvisionError> {
    let Target::Postgres(target) = target else {
        let sentence = "set PGHOST to the server on which to create the app's role";
        return Err(ProvisionError::Refused(sentence.to_owned()));
    };
    let mut server = target.migrate.clone();
    if let Some(token) = target.auth.token().await? {
        server = server.password(token.secret());
    }
    let database = server.get_database().unwrap_or(DATABASE).to_owned();
    if [OWN, "template0", "template1"].contains(&database.as_str()) {
        return Err(ProvisionError::Refused(format!(
            "PGDATABASE is the app's own database, which cannot be {database}"
        )));
    }
    if server.get_username() == role {
        return Err(ProvisionError::Refused(
            "--app-role is the role that you are connected as: name another role, which is not an administrator"
                .to_owned(),
        ));
    }
    // The lock ends with this connection, so the connection stays open to the end.
    let mut own = PgConnection::connect_with(&server.clone().database(OWN)).await?;
    execute(&mut own, LOCK.to_owned()).await?;
    let bound = bound_to(&mut own, role).await?;
    let shared: Option<String> = sqlx::query_scalar(SHARED).fetch_optional(&mut own).await?;
    let owner = shared
        .as_deref()
        .unwrap_or(server.get_username())
        .to_owned();
    let server = server.database(&database).options([("role", &owner)]);
    let exists = is_owned(&mut own, &database, &owner).await?;
    if bound.is_some_and(|bound| bound != object_id) {
        if exists {
            let mut app = PgConnection::connect_with(&server).await?;
            take_away(&mut app, &database, role).await?;
            app.close().await?;
        }
        drop_role(&mut own, role).await?;
        report(format!(
            "role {role} belonged to another identity and was dropped"
        ));
    }
    if bound == Some(object_id) {
        report(format!("role {role} is there"));
    } else {
        create_role(&mut own, role, object_id).await?;
        report(format!("role {role} created for identity {object_id}"));
    }
    if exists {
        report(format!("database {database} is there"));
    } else {
        let (name, owner) = (quoted(&database), quoted(&owner));
        execute(&mut own, format!("create database {name} owner {owner}")).await?;
        report(format!("database {database} made"));
    }
    migrate_postgres(server.clone()).await?;
    report(format!("schema of {database} is up to date"));
    let mut app = PgConnection::connect_with(&server).await?;
    grant(&mut app, &database, role).await?;
    app.close().await?;
    own.close().await?;
    report(format!(
        "role {role} may connect to {database}, read and write, and nothing else"
    ));
    Ok(())
}

/// The object id of the identity that the role belongs to; `None` if it is not an Entra role.
async fn bound_to(own: &mut PgConnection, role: &str) -> Result<Option<Uuid>, ProvisionError> {
    let principals: Vec<String> = sqlx::query_scalar(PRINCIPALS).fetch_all(own).await?;
    for principal in principals {
        let principal: std::collections::BTreeMap<String, serde_json::Value> =
            serde_json::from_str(&principal).unwrap_or_default();
        let field = |name: &str| {
            let found = principal
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
        };
        if field("rolname").as_deref() != Some(role) {
            continue;
        }
        if field("isadmin").is_some_and(|is| ["1", "true", "t"].contains(&is.as_str())) {
            return Err(ProvisionError::Refused(format!(
                "role {role} is an Entra administrator of this server, which the app must never be: give the app \
                 an identity of its own"
            )));
        }
        let bound = field("objectid").and_then(|id| id.parse().ok());
        return bound.map(Some).ok_or_else(|| {
            ProvisionError::Refused(format!(
                "role {role} is bound to something that is not an object id"
            ))
        });
    }
    Ok(None)
}

async fn create_role(
    own: &mut PgConnection,
    role: &str,
    object_id: Uuid,
) -> Result<(), ProvisionError> {
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_roles where rolname = $1)")
            .bind(role)
            .fetch_one(&mut *own)
            .await?;
    if exists {
        return Err(ProvisionError::Refused(format!(
            "a role {role} exists that is not an Entra role: drop it, or choose another name for the app's role"
        )));
    }
    sqlx::query(CREATE_PRINCIPAL)
        .bind(role)
        .bind(object_id.to_string())
        .fetch_all(own)
        .await?;
    Ok(())
}

/// Drops the role instead of binding it to the new identity. The server refuses to drop a role that owns objects or
/// has rights in another database, so only the app's own rights are lost.
async fn drop_role(own: &mut PgConnection, role: &str) -> Result<(), ProvisionError> {
    let dropped = execute(own, format!("drop role {}", quoted(role))).await;
    dropped.map_err(|error| {
        let code = error.as_database_error().and_then(|error| error.code());
        // dependent_objects_still_exist
        if code.as_deref() == Some("2BP01") {
            ProvisionError::Refused(format!(
                "role {role} belongs to another identity and owns something, or has rights in another database: see \
                 whose it is, drop it, and run this again"
            ))
        } else {
            error.into()
        }
    })
}

/// Whether the database exists. If this login created it under another owner, it is transferred to `owner`.
async fn is_owned(
    own: &mut PgConnection,
    database: &str,
    owner: &str,
) -> Result<bool, ProvisionError> {
    let row = sqlx::query(
        "select pg_get_userbyid(datdba)::text, pg_get_userbyid(datdba) = current_user
         from pg_database
         where datname = $1",
    )
    .bind(database)
    .fetch_optional(&mut *own)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let (found, is_mine): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    if found == owner {
        return Ok(true);
    }
    let change = format!(
        "alter database {} owner to {}",
        quoted(database),
        quoted(owner)
    );
    if !is_mine {
        return Err(ProvisionError::Refused(format!(
            "database {database} belongs to {found}, who has to run: {change}"
        )));
    }
    execute(own, change).await?;
    Ok(true)
}

/// Revokes from the role what [`grant`] granted.
async fn take_away(
    app: &mut PgConnection,
    database: &str,
    role: &str,
) -> Result<(), ProvisionError> {
    let (database, role) = (quoted(database), quoted(role));
    execute(
        app,
        format!(
            "begin;
            revoke all on database {database} from {role};
            revoke all on schema public from {role};
            revoke all on all tables in schema public from {role};
            revoke all on all sequences in schema public from {role};
            commit"
        ),
    )
    .await?;
    Ok(())
}

/// Grants the role what the app needs, and revokes from everybody what nobody needs. Both happen in one transaction,
/// so that a running app is never refused in between. There are no default privileges: they would belong to the
/// administrator who sets them, and no other administrator could then drop the role. Run this again after a change of
/// the schema.
async fn grant(app: &mut PgConnection, database: &str, role: &str) -> Result<(), ProvisionError> {
    let (db, name) = (quoted(database), quoted(role));
    let sql = format!(
        "begin;
        revoke all on database {db} from public;
        revoke create on schema public from public;
        grant connect on database {db} to {name};
        grant usage on schema public to {name};
        grant select, insert, update, delete on all tables in schema public to {name};
        grant usage on all sequences in schema public to {name};
        -- Which migrations have run: only to be read.
        revoke insert, update, delete on _sqlx_migrations from {name};
        commit"
    );
    execute(app, sql).await?;
    let may_create: bool = sqlx::query_scalar(MAY_CREATE)
        .bind(role)
        .fetch_one(app)
        .await?;
    if may_create {
        return Err(ProvisionError::Refused(format!(
            "role {role} may still create objects in {database}: revoke that right from it, or from a role it is a \
             member of"
        )));
    }
    Ok(())
}

/// Runs statements that take no parameters. Every name in them is [`quoted`].
async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

/// Quotes any name as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("ev-dev-app"), "\"ev-dev-app\"");
        assert_eq!(
            quoted("a\"; drop table x; --"),
            "\"a\"\"; drop table x; --\""
        );
    }
}
