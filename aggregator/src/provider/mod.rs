//! A provider of log-ins (OpenID Connect): where a browser is sent, and who comes back.
//!
//! The authorization code flow with PKCE; `proof` binds an answer to the browser that asked. A token
//! counts only if it is signed by a key of the provider, by an algorithm of public keys; it is for this
//! program and nobody else, of this log-in, and holds now.

mod claims;
mod fetch;
mod proof;

use std::{
    collections::BTreeMap,
    error::Error,
    sync::Arc,
    time::{Duration, Instant},
};

use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
    UserInfoClaims, UserInfoError,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::secret::{self, SecretError};
use tokio::sync::{Mutex, Semaphore};

use self::{
    claims::{Claims, called, rights, shown},
    fetch::{FetchError, Fetcher},
    proof::Proof,
};
use crate::{config::Oidc, rights::Known};

/// What is known of the provider is asked for again after so long: its keys change, and nobody should be
/// sent to one that is not there.
const KNOWN_FOR: Duration = Duration::from_secs(5);

/// After it did not answer, nobody waits for it again so soon.
const SPARED_FOR: Duration = Duration::from_secs(2);

/// Log-ins at a time that wait for the provider.
const AT_A_TIME: usize = 16;

/// A token is made when somebody has logged in, seconds before it comes here; clocks differ by minutes.
const FRESH: Duration = Duration::from_secs(600);

/// By which a token may be signed: those whose keys the provider alone has.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why nobody comes in by the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("[http.oidc] client_secret")]
    Secret(#[from] SecretError),
    #[error("the provider of log-ins cannot be asked")]
    Fetcher(#[from] FetchError),
    #[error("the provider of log-ins is out of order")]
    Down(#[source] Cause),
    #[error("too many log in by the provider at once")]
    Busy,
    #[error("this log-in was not begun in this browser, or too long ago; begin it again")]
    NotBegun,
    #[error("the provider of log-ins lets nobody in: {0}")]
    Declined(String),
    #[error("what the provider of log-ins tells does not prove who somebody is")]
    Unproven(#[source] Cause),
}

type Cause = Box<dyn Error + Send + Sync>;

/// What comes back by the browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub state: String,
    pub code: Option<String>,
    pub error: Option<String>,
    /// Who says that he answers (RFC 9207).
    pub issuer: Option<String>,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct Others(BTreeMap<String, Value>);

impl AdditionalClaims for Others {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Asker = Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the provider told of itself, and when; nothing where it did not answer.
struct Told {
    metadata: Option<Arc<CoreProviderMetadata>>,
    at: Instant,
}

/// A provider of log-ins.
pub struct Provider {
    config: Oidc,
    secret: String,
    fetcher: Fetcher,
    /// One at a time asks for it, and all have it.
    told: Mutex<Option<Told>>,
    places: Semaphore,
}

impl Provider {
    /// Reads what is needed to ask it.
    ///
    /// # Errors
    /// The secret or the file of authorities cannot be read.
    pub fn new(config: Oidc) -> Result<Self, ProviderError> {
        let secret = secret::read(&config.client_secret)?.trim().to_owned();
        let only_tls = config.issuer.starts_with("https://");
        let fetcher = Fetcher::new(config.ca_file.clone(), only_tls)?;
        Ok(Self {
            config,
            secret,
            fetcher,
            told: Mutex::default(),
            places: Semaphore::new(AT_A_TIME),
        })
    }

    /// What the page calls it.
    pub fn shown(&self) -> &str {
        &self.config.shown
    }

    /// As it names itself.
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Where the browser with this secret is to go; it comes back to `back`.
    ///
    /// # Errors
    /// The provider does not answer.
    pub async fn way(&self, secret: &str, back: &str) -> Result<String, ProviderError> {
        let _place = self.places.try_acquire().map_err(|_| ProviderError::Busy)?;
        let asker = self.asker(back).await?;
        let Proof {
            state,
            nonce,
            verifier,
        } = Proof::of(secret);
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier));
        let mut asked = asker.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        );
        for scope in &self.config.scopes {
            asked = asked.add_scope(Scope::new(scope.clone()));
        }
        let (url, ..) = asked.set_pkce_challenge(challenge).url();
        Ok(url.into())
    }

    /// Who has come back with this answer to the browser with this secret, which was to come back to
    /// `back`.
    ///
    /// # Errors
    /// It is no answer to what this browser asked, or does not prove who he is.
    pub async fn who(
        &self,
        secret: &str,
        back: &str,
        answer: Answer,
    ) -> Result<Known, ProviderError> {
        let proof = Proof::of(secret);
        let is_of_provider = answer.issuer.is_none_or(|said| said == self.config.issuer);
        if answer.state != proof.state || !is_of_provider {
            return Err(ProviderError::NotBegun);
        }
        let Some(code) = answer.code.filter(|_| answer.error.is_none()) else {
            let said = answer.error.unwrap_or_default();
            return Err(ProviderError::Declined(bounded(&said)));
        };
        let _place = self.places.try_acquire().map_err(|_| ProviderError::Busy)?;
        let asker = self.asker(back).await?;
        let tokens = self.tokens(&asker, code, proof.verifier).await?;
        let claims = self
            .claims(&asker, &tokens, Nonce::new(proof.nonce))
            .await?;
        let subject = claims.get("sub").and_then(Value::as_str);
        let subject = subject.unwrap_or_default().to_owned();
        Ok(Known {
            issuer: self.config.issuer.clone(),
            called: called(&claims),
            shown: shown(&claims).unwrap_or(&subject).to_owned(),
            rights: rights(&self.config.named, &claims),
            subject,
        })
    }

    async fn tokens(
        &self,
        asker: &Asker,
        code: String,
        verifier: String,
    ) -> Result<Tokens, ProviderError> {
        let asked = asker
            .exchange_code(AuthorizationCode::new(code))
            .map_err(down)?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        asked
            .request_async(&self.fetcher)
            .await
            .map_err(|e| match e {
                RequestTokenError::ServerResponse(said)
                    if *said.error() == CoreErrorResponseType::InvalidGrant =>
                {
                    ProviderError::NotBegun
                }
                RequestTokenError::Parse(..) => ProviderError::Unproven(Box::new(e)),
                // It does not answer, or does not know this program.
                _ => down(e),
            })
    }

    /// What the provider tells of him: in the token, and where it says more of him.
    async fn claims(
        &self,
        asker: &Asker,
        tokens: &Tokens,
        nonce: Nonce,
    ) -> Result<Claims, ProviderError> {
        let unproven = ProviderError::Unproven;
        let token = tokens.id_token();
        let token = token.ok_or_else(|| unproven("there is no token of his".into()))?;
        let now = jiff::Timestamp::now().as_second();
        let verifier = asker
            .id_token_verifier()
            .set_allowed_algs(SIGNED_BY)
            .set_issue_time_verifier_fn(move |at| {
                let fresh = FRESH.as_secs();
                if at.timestamp().abs_diff(now) <= fresh {
                    Ok(())
                } else {
                    Err(format!("it was not made within {fresh} s of now"))
                }
            });
        let proven = token.claims(&verifier, &nonce);
        let proven = proven.map_err(|e| unproven(Box::new(e)))?;
        let mut all = as_map(proven).map_err(|e| unproven(Box::new(e)))?;
        if asker.user_info_url().is_none() {
            return Ok(all);
        }
        let asked = asker.user_info(
            tokens.access_token().clone(),
            Some(proven.subject().clone()),
        );
        let told = asked.map_err(down)?.request_async(&self.fetcher).await;
        let more: UserInfoClaims<Others, CoreGenderClaim> = told.map_err(|e| match e {
            UserInfoError::ClaimsVerification(_) => unproven(Box::new(e)),
            _ => down(e),
        })?;
        for (name, told) in as_map(&more).map_err(|e| unproven(Box::new(e)))? {
            // What is signed counts.
            all.entry(name).or_insert(told);
        }
        Ok(all)
    }

    /// Asks as this program, which the browser comes back to at `back`.
    async fn asker(&self, back: &str) -> Result<Asker, ProviderError> {
        let metadata = self.metadata().await?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let by_header = |all: &Vec<_>| all.contains(&CoreClientAuthMethod::ClientSecretBasic);
        // Where nothing is said, it is by the header.
        let how = if methods.is_none_or(by_header) {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        };
        let asker = Client::from_provider_metadata(
            (*metadata).clone(),
            ClientId::new(self.config.client_id.clone()),
            Some(ClientSecret::new(self.secret.clone())),
        );
        let back = RedirectUrl::new(back.to_owned()).map_err(down)?;
        Ok(asker.set_redirect_uri(back).set_auth_type(how))
    }

    async fn metadata(&self) -> Result<Arc<CoreProviderMetadata>, ProviderError> {
        let mut told = self.told.lock().await;
        if let Some(Told { metadata, at }) = &*told {
            match metadata {
                Some(metadata) if at.elapsed() < KNOWN_FOR => return Ok(metadata.clone()),
                None if at.elapsed() < SPARED_FOR => {
                    return Err(down("it did not answer a moment ago"));
                }
                _ => {}
            }
        }
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(down)?;
        let found = CoreProviderMetadata::discover_async(issuer, &self.fetcher).await;
        let at = Instant::now();
        match found {
            Ok(found) => {
                let metadata = Arc::new(found);
                *told = Some(Told {
                    metadata: Some(metadata.clone()),
                    at,
                });
                Ok(metadata)
            }
            Err(e) => {
                *told = Some(Told { metadata: None, at });
                Err(down(e))
            }
        }
    }
}

fn down(cause: impl Into<Cause>) -> ProviderError {
    ProviderError::Down(cause.into())
}

fn as_map(claims: &impl Serialize) -> Result<Claims, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(claims)?)
}

/// Characters of what the provider says that are told.
const MOST_TOLD: usize = 60;

fn bounded(said: &str) -> String {
    let printable = said.chars().filter(|c| !c.is_control());
    printable.take(MOST_TOLD).collect()
}
