//! Elastic Visits: a visit register that runs as an Azure Functions custom handler.
