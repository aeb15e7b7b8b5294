from django.urls import path

from config.pages import health, robots, security_txt, views

urlpatterns = [
    path("", views.show_home, name="home"),
    path("vos-donnees/", views.show_privacy_notice, name="privacy_notice"),
    path("accessibilite/", views.show_accessibility_statement, name="accessibility"),
    path("mentions-legales/", views.show_legal_notice, name="legal_notice"),
    path(".well-known/security.txt", security_txt.show_security_contact, name="security_txt"),
    path("robots.txt", robots.show_robots_rules, name="robots_txt"),
    path("sante/", health.report_health, name="health"),
    path("sante/vivant/", health.report_alive, name="health_alive"),
]
