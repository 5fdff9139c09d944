-- PostgreSQL's counter gets fewer slots here; this one has always had one.
select 1;
