-- The numbers of the public page of one year, from the cases themselves: each row a measure, its group, its units.
SELECT 'incidents', incident.region_id, month, incident.rsit_class, incident.type, count(*)
FROM incidents_incident incident
LEFT JOIN collectivities_region region ON region.id = incident.region_id
CROSS JOIN LATERAL (SELECT date_trunc('month', incident.received_at AT TIME ZONE (ZONE_OF_REGION)) AS month) clock
WHERE incident.verification <> 'unverified' AND incident.nature <> 'report'
  AND incident.closing_reason NOT IN ('not_an_incident', 'duplicate', 'withdrawn')
  AND incident.received_at BETWEEN make_date(%(year)s, 1, 1) - 1 AND make_date(%(year)s, 12, 31) + 2
  AND extract(year FROM month) = %(year)s
GROUP BY incident.region_id, month, incident.rsit_class, incident.type;

SELECT 'interruptions', incident.region_id, date_trunc('quarter', month), band, count(*)
FROM incidents_serviceinterruption interruption
JOIN incidents_incident incident ON incident.id = interruption.incident_id
LEFT JOIN collectivities_region region ON region.id = incident.region_id
CROSS JOIN LATERAL (SELECT date_trunc('month', incident.received_at AT TIME ZONE (ZONE_OF_REGION)) AS month) clock
CROSS JOIN LATERAL (
    SELECT width_bucket(
        extract(epoch FROM interruption.ended_at - interruption.started_at) / 3600, ARRAY[4, 24, 72, 168]::numeric[]
    ) AS band
) lasted
WHERE incident.verification <> 'unverified' AND incident.nature <> 'report'
  AND incident.closing_reason NOT IN ('not_an_incident', 'duplicate', 'withdrawn')
  AND incident.received_at BETWEEN make_date(%(year)s, 1, 1) - 1 AND make_date(%(year)s, 12, 31) + 2
  AND extract(year FROM month) = %(year)s
GROUP BY incident.region_id, date_trunc('quarter', month), band;

SELECT 'leaks', incident.region_id, date_trunc('quarter', month), band, leak.status, count(*)
FROM incidents_dataleak leak
JOIN incidents_incident incident ON incident.id = leak.incident_id
LEFT JOIN collectivities_region region ON region.id = incident.region_id
CROSS JOIN LATERAL (SELECT date_trunc('month', incident.received_at AT TIME ZONE (ZONE_OF_REGION)) AS month) clock
CROSS JOIN LATERAL (
    SELECT CASE WHEN leak.persons IS NULL THEN leak.persons_band
           ELSE width_bucket(leak.persons, ARRAY[6, 51, 301, 5001])::text END AS band
) touched
WHERE incident.verification <> 'unverified' AND incident.nature <> 'report'
  AND incident.closing_reason NOT IN ('not_an_incident', 'duplicate', 'withdrawn')
  AND incident.received_at BETWEEN make_date(%(year)s, 1, 1) - 1 AND make_date(%(year)s, 12, 31) + 2
  AND leak.status <> 'unfounded' AND extract(year FROM month) = %(year)s
GROUP BY incident.region_id, date_trunc('quarter', month), band, leak.status
